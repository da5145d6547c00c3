using Microsoft.AspNetCore.Identity;

namespace Traceability.Identity.Storage;

/// <summary>A person who signs in.</summary>
internal sealed class User : IdentityUser<Guid>
{
    public string DisplayName { get; set; } = "";

    /// <summary>The operator the person works for; empty for none.</summary>
    public Guid OperatorId { get; set; }

    public string[] Roles { get; set; } = [];

    /// <summary>The servers the person may work with.</summary>
    public string[] Resources { get; set; } = [];

    public DateTimeOffset InvitedAt { get; set; }

    /// <summary>Since when an administrator keeps the person out.</summary>
    public DateTimeOffset? LockedAt { get; set; }

    /// <summary>Since when the person is gone for good.</summary>
    public DateTimeOffset? RetiredAt { get; set; }

    /// <summary>Hash of the one-time code with which the person sets a first password.</summary>
    public byte[]? CodeHash { get; set; }

    public DateTimeOffset? CodeEnds { get; set; }

    public bool MayEnter => LockedAt is null && RetiredAt is null;
}
