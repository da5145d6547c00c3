using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;

namespace Traceability.Exports.Documents;

/// <summary>
/// Everything an export is made of: the same input gives the same bytes. What the company calls the part is not in it:
/// such a name may tell what goes in.
/// </summary>
/// <param name="OperatorId">Whose part.</param>
/// <param name="TraceId">The part.</param>
/// <param name="DeclaredUnit">What the figures are per.</param>
/// <param name="PartRef">The part's name in statements.</param>
/// <param name="Version">Of the footprint.</param>
/// <param name="Figures">
/// As they leave the company, in kilogram CO2e per declared unit; null while nothing is known.
/// </param>
/// <param name="Complete">Whether no line is missing.</param>
/// <param name="Period">What the figures are about.</param>
/// <param name="RolledUpAt">When the version was recorded.</param>
/// <param name="Facts">What the company declared about the product.</param>
/// <param name="AsOf">The day whose rules count.</param>
/// <param name="Earlier">What left in a final export of the same kind before, newest first.</param>
/// <param name="DeclaredAt">When a fact was declared last, or a time zone chosen; null: never.</param>
/// <param name="Zone">Of the company's days; null: UTC.</param>
public sealed record ExportInput(
    OperatorId OperatorId, TraceId TraceId, string DeclaredUnit, string PartRef, long Version,
    StatedFigures? Figures, bool Complete, ReferencePeriod? Period, DateTimeOffset RolledUpAt,
    IReadOnlyDictionary<string, string> Facts, DateTimeOffset AsOf,
    IReadOnlyList<EarlierExport> Earlier, DateTimeOffset? DeclaredAt = null,
    TimeZoneInfo? Zone = null)
{
    /// <summary>When all that the export is made of was known.</summary>
    public DateTimeOffset KnownAt => DeclaredAt > RolledUpAt ? DeclaredAt.Value : RolledUpAt;

    /// <summary>As the company's clocks show it.</summary>
    public DateTimeOffset Local(DateTimeOffset time) => Zone is null ? time : Zone.At(time);
}
