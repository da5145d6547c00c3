using OpenIddict.EntityFrameworkCore.Models;

namespace Traceability.Identity.Storage;

/// <summary>A program that may have tokens.</summary>
internal sealed class Client : OpenIddictEntityFrameworkCoreApplication<Guid, Authorization, Token>
{
    /// <summary>The operator it acts for; empty for none.</summary>
    public Guid OperatorId { get; set; }

    /// <summary>What it may do by itself. Those who sign in through it bring their own roles.</summary>
    public string[] Roles { get; set; } = [];

    /// <summary>The servers it may have tokens for.</summary>
    public string[] Resources { get; set; } = [];

    public DateTimeOffset RegisteredAt { get; set; }

    /// <summary>Since when it gets nothing any more.</summary>
    public DateTimeOffset? RetiredAt { get; set; }

    /// <summary>Hash of the secret before the present one, while both are good.</summary>
    public string? PreviousSecret { get; set; }

    public DateTimeOffset? PreviousSecretEnds { get; set; }
}

/// <summary>What somebody has let a client do: lives as long as a sign-in.</summary>
internal sealed class Authorization : OpenIddictEntityFrameworkCoreAuthorization<Guid, Client, Token>;

/// <summary>A token or code that was issued: its number and its state, not its content.</summary>
internal sealed class Token : OpenIddictEntityFrameworkCoreToken<Guid, Client, Authorization>;

/// <summary>Required by the provider's storage; the three scopes there are stand in its options.</summary>
internal sealed class Scope : OpenIddictEntityFrameworkCoreScope<Guid>;
