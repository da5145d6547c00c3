using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Statements;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Audit;

/// <summary>What of a part's history somebody is shown.</summary>
/// <param name="Version">Only this version of its total and what led to it; null: all.</param>
/// <param name="WithBillOfMaterials">Whether what the total is made of is shown.</param>
internal sealed record AuditScope(long? Version, bool WithBillOfMaterials)
{
    /// <summary>For the company itself.</summary>
    public static AuditScope Everything { get; } = new(null, true);

    /// <summary>In order. Of every stream the beginning, so that gaps can be told from what came later.</summary>
    public IReadOnlyList<RecordedEvent> Of(Part part, IReadOnlyList<RecordedEvent> history)
    {
        if (Version is not { } version)
        {
            return history;
        }

        var claim = history.Index().FirstOrDefault(one =>
            one.Item.Data is FootprintRolledUp rolledUp
            && (rolledUp.TraceId, rolledUp.Version) == (part.TraceId, version));
        return claim.Item is null
            ? []
            : [.. history.Index().Where(one => one.Index <= claim.Index || IsSigned(one.Item, version))
                .Select(one => one.Item)];
    }

    /// <summary>Whether the event's data may be shown: most of what a company records names lines.</summary>
    public bool Shows(object data) =>
        WithBillOfMaterials || data is PartRegistered or PartRetired or StatementIssued or StatementWithdrawn;

    /// <summary>
    /// Without the bill of materials only what was signed for customers, because an incomplete total is often the own
    /// contribution alone; and neither what a version is made of nor what changed in it.
    /// </summary>
    public IEnumerable<Wire.ReplayedVersion> Of(IEnumerable<Wire.ReplayedVersion> versions)
    {
        foreach (var version in versions.Where(one => Version is null || one.Version == Version))
        {
            if (WithBillOfMaterials)
            {
                yield return version;
            }
            else if (version.Stated)
            {
                version.Sources.Clear();
                version.Changes.Clear();
                yield return version;
            }
        }
    }

    /// <summary>A statement follows the total that it is about.</summary>
    private static bool IsSigned(RecordedEvent e, long version) => e.Data switch
    {
        StatementIssued issued => issued.Version <= version,
        StatementWithdrawn withdrawn => withdrawn.Version <= version,
        _ => false,
    };
}
