using System.Text.Json.Serialization;
namespace Traceability.Domain.Audits;

/// <summary>
/// An auditor of another firm may see one part, or one claim about it, until a date. Version is the claim: one version
/// of the total and what led to it; null: all of them, also later ones.
/// </summary>
public record AuditGranted(
    Guid GrantId, OperatorId AuditorId, TraceId TraceId, long? Version, bool WithBillOfMaterials,
    DateTimeOffset ValidUntil,
    DateTimeOffset GrantedAt);

/// <summary>The auditor may see nothing more under this grant.</summary>
public record AuditGrantRevoked(Guid GrantId, DateTimeOffset RevokedAt);

/// <summary>An auditor of another firm was shown something. Recorded before it is shown.</summary>
public record AuditGrantUsed(
    Guid ReadId, Guid GrantId, OperatorId AuditorId, TraceId TraceId, long? Version, string What,
    DateTimeOffset ReadAt);

/// <summary>What an auditor of another firm may see.</summary>
/// <param name="GrantId">Its id.</param>
/// <param name="AuditorId">The firm, a member of the federation.</param>
/// <param name="TraceId">A made part.</param>
/// <param name="Version">Only this version of its total and what led to it; null: all.</param>
/// <param name="WithBillOfMaterials">Whether it shows what the total is made of, or only that it was signed.</param>
/// <param name="ValidUntil">Exclusive.</param>
/// <param name="GrantedAt">Since when.</param>
public record AuditGrant(
    Guid GrantId, OperatorId AuditorId, TraceId TraceId, long? Version, bool WithBillOfMaterials,
    DateTimeOffset ValidUntil,
    DateTimeOffset GrantedAt) : IState<AuditGrant>
{
    public DateTimeOffset? RevokedAt { get; init; }

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static AuditGrant? Evolve(AuditGrant? grant, object e) => e switch
    {
        AuditGranted g => new(
            g.GrantId, g.AuditorId, g.TraceId, g.Version, g.WithBillOfMaterials, g.ValidUntil, g.GrantedAt),
        AuditGrantRevoked r => grant! with { RevokedAt = r.RevokedAt },
        _ => grant,
    };

    /// <summary>The events that make the grant true; none if it already is.</summary>
    public static object[] Grant(AuditGrant? existing, AuditGranted wanted)
    {
        if (existing is null)
        {
            return [wanted];
        }

        var same = existing.Wanted with { GrantedAt = wanted.GrantedAt } == wanted;
        return same && existing.RevokedAt is null
            ? []
            : throw new RefusedException(
                RefusalReason.AlreadyExists,
                $"Grant id {wanted.GrantId} is taken by another grant; choose a new one.",
                ("grant_id", wanted.GrantId.ToString()));
    }

    /// <summary>The events that end the grant; none if it has ended by a revocation.</summary>
    public static object[] Revoke(AuditGrant? existing, Guid grantId, DateTimeOffset now) => existing switch
    {
        null => throw RefusedException.NotDisclosed("Grant", "grant_id", grantId),
        { RevokedAt: not null } => [],
        _ => [new AuditGrantRevoked(grantId, now)],
    };

    public bool InForce(DateTimeOffset now) => RevokedAt is null && now < ValidUntil;

    /// <summary>Whether a version may be seen; null asks for as much as is granted.</summary>
    public bool Covers(long? version, DateTimeOffset now) =>
        InForce(now) && (Version is null || version is null || version == Version);

    private AuditGranted Wanted =>
        new(GrantId, AuditorId, TraceId, Version, WithBillOfMaterials, ValidUntil, GrantedAt);
}

/// <summary>What one auditor was shown: the company's own log.</summary>
public record AuditRead(
    Guid ReadId, Guid GrantId, OperatorId AuditorId, TraceId TraceId, long? Version, string What, DateTimeOffset ReadAt)
    : IState<AuditRead>
{
    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static AuditRead? Evolve(AuditRead? read, object e) => e switch
    {
        AuditGrantUsed a => new(a.ReadId, a.GrantId, a.AuditorId, a.TraceId, a.Version, a.What, a.ReadAt),
        _ => read,
    };
}
