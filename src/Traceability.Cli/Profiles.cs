using System.Text.Json;
using Traceability.Client;

namespace Traceability.Cli;

/// <summary>How to reach one server, and as whom.</summary>
/// <param name="Node">Address of the company's node; empty for who runs the federation.</param>
/// <param name="Issuer">Address of the token issuer.</param>
/// <param name="Authority">PEM file with the certificates that may sign; empty for the machine's own.</param>
/// <param name="OperatorId">The company; empty for none.</param>
/// <param name="ClientId">The client of the token issuer.</param>
/// <param name="ClientSecret">Its secret: the file of profiles is readable by its owner only.</param>
/// <param name="Broker">Address of the broker, for who runs the federation.</param>
/// <param name="Certificate">PEM file of the client certificate, which names the company.</param>
/// <param name="CertificateKey">PEM file of the key to it.</param>
internal sealed record Profile(
    string Issuer, string ClientId, string ClientSecret, string Node = "", string Authority = "",
    string OperatorId = "", string Broker = "", string? Certificate = null, string? CertificateKey = null)
{
    public FederationTrust Trust => new(Authority, Certificate, CertificateKey);

    /// <summary>The client that asks for a token for a server.</summary>
    public TokenClient For(string server) => new(Issuer, ClientId, ClientSecret, server.TrimEnd('/'));
}

/// <summary>The profiles of one file, by name.</summary>
internal sealed class Profiles(string file, Dictionary<string, Profile> profiles)
{
    /// <summary>Names the file of profiles, unless --profiles does.</summary>
    public const string FileVariable = "TRACEABILITY_PROFILES";

    private string Known => string.Join(", ", profiles.Keys);

    public static Profiles Load(string? named)
    {
        var file = named ?? Environment.GetEnvironmentVariable(FileVariable)
            ?? throw new ProblemException($"No file of profiles: name one with --profiles or {FileVariable}.");
        if (!File.Exists(file))
        {
            throw new ProblemException($"There is no {file}. deploy/demo.sh writes it and must keep running.");
        }

        try
        {
            return new(file, JsonSerializer.Deserialize<Dictionary<string, Profile>>(File.ReadAllText(file)) ?? []);
        }
        catch (JsonException exception)
        {
            throw new ProblemException($"{file} cannot be read: {exception.Message}");
        }
    }

    public Profile Select(string? name)
    {
        if (name is null)
        {
            return profiles.Count == 1
                ? profiles.Values.Single()
                : throw new ProblemException($"Say as whom, with --as. {file} knows {Known}.");
        }

        return profiles.GetValueOrDefault(name)
            ?? throw new ProblemException($"There is no profile {name}. {file} knows {Known}.");
    }

    /// <summary>An operator by its id, or by the name of a profile.</summary>
    public string OperatorId(string nameOrId) =>
        profiles.TryGetValue(nameOrId, out var profile) ? profile.OperatorId : nameOrId;
}

/// <summary>Something the person at the keyboard can put right; the message says how.</summary>
internal sealed class ProblemException(string message) : Exception(message);
