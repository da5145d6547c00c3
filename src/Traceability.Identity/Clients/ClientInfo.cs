namespace Traceability.Identity.Clients;

/// <summary>How a client gets its tokens.</summary>
public enum ClientKind
{
    /// <summary>For itself, with its secret.</summary>
    Program = 1,

    /// <summary>For people who sign in through it; a server that keeps a secret, such as a node's pages.</summary>
    Pages,

    /// <summary>For people who sign in through it; a program that can keep no secret.</summary>
    Public,
}

/// <summary>A client as its administrators know it. Its secret is not among what is known.</summary>
public sealed record ClientInfo(
    string ClientId,
    ClientKind Kind,
    Guid OperatorId,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Resources,
    IReadOnlyList<string> RedirectUris,
    DateTimeOffset RegisteredAt = default,
    DateTimeOffset? RetiredAt = null)
{
    /// <summary>Whether both say the same of what is chosen when a client is registered.</summary>
    public bool IsAs(ClientInfo other) =>
        (ClientId, Kind, OperatorId, RetiredAt) == (other.ClientId, other.Kind, other.OperatorId, other.RetiredAt)
        && Roles.SequenceEqual(other.Roles)
        && Resources.SequenceEqual(other.Resources)
        && RedirectUris.SequenceEqual(other.RedirectUris);
}

/// <summary>A client, and the secret that is shown this once; empty where none was made.</summary>
public sealed record ClientSecret(ClientInfo Client, string Secret)
{
    /// <summary>A secret is not printed by accident.</summary>
    public override string ToString() => Client.ClientId;
}
