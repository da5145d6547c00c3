namespace Traceability.Identity.Users;

/// <summary>Where a person stands.</summary>
public enum UserStatus
{
    /// <summary>Has a one-time code and no password yet.</summary>
    Invited = 1,

    Active,

    /// <summary>Kept out by an administrator until unlocked.</summary>
    Locked,

    Retired,
}

/// <summary>A person as administrators know one.</summary>
public sealed record UserInfo(
    Guid UserId,
    string Name,
    string DisplayName,
    Guid OperatorId,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Resources,
    UserStatus Status = UserStatus.Invited,
    DateTimeOffset InvitedAt = default)
{
    /// <summary>Whether both say the same of what is chosen when a person is invited.</summary>
    public bool IsAs(UserInfo other) =>
        (UserId, Name, DisplayName, OperatorId) == (other.UserId, other.Name, other.DisplayName, other.OperatorId)
        && Roles.SequenceEqual(other.Roles)
        && Resources.SequenceEqual(other.Resources);
}

/// <summary>A person, and the one-time code that is shown this once; empty where none was made.</summary>
public sealed record Invitation(UserInfo User, string Code)
{
    /// <summary>Where the code is typed.</summary>
    public string Page { get; init; } = "";

    /// <summary>Until when the code is good.</summary>
    public DateTimeOffset? Ends { get; init; }

    /// <summary>A code is not printed by accident.</summary>
    public override string ToString() => User.Name;
}
