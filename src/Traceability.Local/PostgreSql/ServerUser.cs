using System.Diagnostics;

namespace Traceability.Local.PostgreSql;

/// <summary>PostgreSQL refuses to run as root: then it runs as "postgres" or "nobody".</summary>
internal sealed class ServerUser
{
    private static readonly string[] Candidates = ["postgres", "nobody"];

    private readonly string? _name;
    private readonly string[] _stepDown;

    private ServerUser(string? name, string[] stepDown) => (_name, _stepDown) = (name, stepDown);

    public static ServerUser Current()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return new(null, []);
        }

        var users = File.ReadAllLines("/etc/passwd").Select(line => line.Split(':')).ToLookup(fields => fields[0]);
        var name = Candidates.FirstOrDefault(users.Contains)
            ?? throw new InvalidOperationException("Running as root, and there is no user postgres or nobody.");
        var group = users[name].First()[3];
        return new(name, ["setpriv", "--reuid", name, "--regid", group, "--clear-groups", "--"]);
    }

    public Task OwnAsync(string[] folders, CancellationToken cancellationToken) => _name is null
        ? Task.CompletedTask
        : RunToEndAsync(["chown", "-R", _name, .. folders], cancellationToken);

    public Task RunAsync(string[] command, CancellationToken cancellationToken) =>
        RunToEndAsync([.. _stepDown, .. command], cancellationToken);

    public ProcessStartInfo Describe(string[] command) => DescribePlain([.. _stepDown, .. command]);

    private static async Task RunToEndAsync(string[] command, CancellationToken cancellationToken)
    {
        var description = DescribePlain(command);
        description.RedirectStandardOutput = true;
        description.RedirectStandardError = true;
        using var process = Process.Start(description)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} failed: {errors}{await output}");
        }
    }

    private static ProcessStartInfo DescribePlain(string[] command)
    {
        var description = new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = "/" };
        description.Environment["LC_ALL"] = "C";
        description.Environment.Remove("PGPORT");
        description.Environment.Remove("PGDATA");
        return description;
    }
}
