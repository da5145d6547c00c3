namespace Traceability.Client;

/// <summary>A client of an issuer, and the one server that its tokens are for.</summary>
/// <param name="Issuer">Address of the OpenID Connect issuer.</param>
/// <param name="ClientId">Its name there.</param>
/// <param name="ClientSecret">Its secret there.</param>
/// <param name="Resource">The server, as the issuer knows it: the audience of the token (RFC 8707).</param>
public sealed record TokenClient(string Issuer, string ClientId, string ClientSecret, string Resource)
{
    /// <summary>A secret is not printed by accident.</summary>
    public override string ToString() => $"{ClientId} for {Resource}";
}

/// <summary>Why there is no token.</summary>
/// <param name="error">The issuer's word (RFC 6749, section 5.2; RFC 8707), or what kept it from answering.</param>
/// <param name="message">For people.</param>
public sealed class TokenException(string error, string message) : Exception(message)
{
    /// <summary>The issuer cannot be reached or does not answer as one.</summary>
    public const string Unreachable = "unreachable";

    public string Error { get; } = error;
}
