using System.Text.Json;
using Microsoft.Extensions.Logging;
using Traceability.Hosting;

namespace Traceability.Identity.Clients;

/// <summary>
/// The client that registers all others. It is made when there is none, with a random secret that is written to one
/// file: nobody knows it beforehand, and a second start changes nothing.
/// </summary>
internal sealed partial class FirstAdministrator(
    ClientRegistry clients, HostSettings host, IdentitySettings settings, ILogger<FirstAdministrator> logger)
{
    public const string ClientId = "administrator";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Within a transaction: without the file there is no client, either.</summary>
    public async Task MakeAsync(CancellationToken cancellationToken)
    {
        if (await clients.HasAdministratorAsync(Roles.Administrator, cancellationToken))
        {
            return;
        }

        if (settings.AdministratorFile.Length == 0)
        {
            throw new InvalidOperationException(
                "There is no administrator yet. Identity:AdministratorFile must name the file that takes its secret.");
        }

        var secret = await clients.MakeAdministratorAsync(
            new(ClientId, ClientKind.Program, Guid.Empty, [Roles.Administrator], [host.TokenAudience], []),
            cancellationToken);
        Write(secret);
        LogMade(settings.AdministratorFile);
    }

    /// <summary>A profile of the command line; the certificate to show the broker is for its owner to add.</summary>
    private void Write(string secret)
    {
        var profile = new
        {
            Broker = host.TokenAudience,
            Issuer = Provider.IssuerOf(host),
            Authority = host.CertificateAuthority,
            ClientId,
            ClientSecret = secret,
        };
        var content = JsonSerializer.Serialize(new Dictionary<string, object> { [ClientId] = profile }, Indented);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        // Whole or not at all, and never for a moment readable by others.
        var whole = $"{settings.AdministratorFile}.new";
        File.Delete(whole);
        using (var stream = new FileStream(whole, options))
        using (var writer = new StreamWriter(stream))
        {
            writer.Write(content);
        }

        File.Move(whole, settings.AdministratorFile, overwrite: true);
    }

    [LoggerMessage(LogLevel.Warning, "There was no administrator: a new one's secret is in {File}")]
    private partial void LogMade(string file);
}
