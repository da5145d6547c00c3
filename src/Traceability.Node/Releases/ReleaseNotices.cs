using Traceability.Node.Operators;

namespace Traceability.Node.Releases;

/// <summary>
/// A release was granted. Which decision it is; what it says is in the release. A later one says all and is on its way.
/// </summary>
internal sealed record ReleaseGrantNotice(long Revision) : INotice
{
    public static string Kind => "release_grant";
}

/// <summary>A release has ended.</summary>
internal sealed record ReleaseRevokeNotice(long Revision) : INotice
{
    public static string Kind => "release_revoke";
}
