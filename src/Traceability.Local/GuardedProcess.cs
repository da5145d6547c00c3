using System.Diagnostics;

namespace Traceability.Local;

/// <summary>
/// A child that ends when this process does, however it ends: a small shell holds our end of a pipe, and stops the
/// child when the pipe closes.
/// </summary>
internal sealed class GuardedProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(30);

    private readonly Process _guardian;

    private GuardedProcess(Process guardian) => _guardian = guardian;

    public bool HasExited => _guardian.HasExited;

    /// <param name="describe">Makes the description of a process from its command.</param>
    /// <param name="command">What the shell runs and guards.</param>
    /// <param name="log">Takes what the child writes.</param>
    /// <param name="signal">Asks the child to end.</param>
    public static GuardedProcess Start(
        Func<string[], ProcessStartInfo> describe, string[] command, string log, string signal)
    {
        var script = $"exec 3<&0 >>'{log}' 2>&1; \"$@\" </dev/null 3<&- & child=$!; "
            + $"{{ cat >/dev/null; kill -{signal} $child 2>/dev/null; }} <&3 & wait $child";
        var description = describe(["/bin/sh", "-c", script, "sh", .. command]);
        description.RedirectStandardInput = true;
        return new(Process.Start(description)!);
    }

    public async ValueTask DisposeAsync()
    {
        _guardian.StandardInput.Close();
        using var deadline = new CancellationTokenSource(StopDeadline);
        try
        {
            await _guardian.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            _guardian.Kill(entireProcessTree: true);
        }

        _guardian.Dispose();
    }

    /// <summary>As a crash would end it: at once, with nothing tidied up.</summary>
    public async Task KillAsync()
    {
        using var kill = Process.Start("pkill", ["-KILL", "-P", $"{_guardian.Id}", "-f", "dotnet|Traceability"]);
        await kill.WaitForExitAsync();
        await _guardian.WaitForExitAsync();
    }
}
