using Traceability.Exports.Documents;

namespace Traceability.Exports.Rules;

/// <summary>Whether a data point has to be, may be, or must not be shown.</summary>
public enum FieldState
{
    Mandatory = 1,
    Conditional = 2,
    Optional = 3,

    /// <summary>Its form is not fixed yet: it must not be shown until it is.</summary>
    Pending = 4,

    MustNotBeFilled = 5,
}

/// <summary>
/// As the value is or, where a format wants it so, as one text, as a list of one, or each word as an object with an id.
/// </summary>
public enum Form { AsItIs, Text, List, Ids }

/// <summary>From a day on, for a category of batteries or for all, a field has another state.</summary>
public sealed record StateChange(FieldState State, string? Category = null, DateOnly? From = null);

/// <summary>One field of an export.</summary>
/// <param name="Path">
/// Where it stands: members joined by dots and places in lists in brackets, or, in XML, elements joined by slashes.
/// </param>
/// <param name="Label">For people.</param>
/// <param name="From">The value's name among the sources; null for a constant.</param>
/// <param name="Value">The constant.</param>
/// <param name="Form">Where the format wants another than the value has by itself.</param>
/// <param name="State">Unless a change applies.</param>
/// <param name="Unit">Of a number.</param>
/// <param name="Who">Who has to supply it; null: as the fact says.</param>
/// <param name="Must">What the format takes; null: whatever the value is.</param>
/// <param name="Changes">By category and date.</param>
/// <param name="If">Only where this source is known: constants that go with an optional value.</param>
/// <param name="Unless">Only where this source is not known.</param>
/// <param name="InDraft">Takes the place of the constant in a draft.</param>
public sealed record FieldRule(
    string Path, string Label, string? From = null, ExportValue? Value = null, Form Form = Form.AsItIs,
    FieldState State = FieldState.Mandatory, string? Unit = null, string? Who = null,
    Limits? Must = null, IReadOnlyList<StateChange>? Changes = null, string? If = null, string? Unless = null,
    string? InDraft = null)
{
    public FieldState StateFor(string? category, DateOnly day) =>
        Changes?.Where(change => (change.Category is null || change.Category == category)
                && (change.From is null || change.From <= day))
            .OrderBy(change => change.From).Select(change => (FieldState?)change.State).LastOrDefault() ?? State;
}

/// <summary>A number that must be of a certain size; another is likely per something else.</summary>
/// <param name="From">The number's name among the sources.</param>
/// <param name="Least">It may be that small.</param>
/// <param name="Most">It may be that large.</param>
/// <param name="Otherwise">What another is likely to be.</param>
/// <param name="Facts">What it is computed from, besides the footprint; what is wrong most often comes first.</param>
public sealed record PlausibleRange(
    string From, decimal Least, decimal Most, string Otherwise, IReadOnlyList<string> Facts);

/// <summary>What one version of one export shows, from when on, and where that is written.</summary>
/// <param name="Export">Such as "batterypass".</param>
/// <param name="Version">Of the standard.</param>
/// <param name="ValidFrom">The day from which it may be used.</param>
/// <param name="Source">Where the rules are written.</param>
/// <param name="Fields">In order.</param>
/// <param name="Plausible">Orders of magnitude.</param>
/// <param name="Checks">What must hold and is not shown.</param>
public sealed record RuleTable(
    string Export, string Version, DateOnly ValidFrom, string Source, IReadOnlyList<FieldRule> Fields,
    IReadOnlyList<PlausibleRange>? Plausible = null, IReadOnlyList<FieldRule>? Checks = null)
{
    /// <summary>The declared units that the standard knows; null where it takes any.</summary>
    public IReadOnlyList<string>? Units => Fields.FirstOrDefault(rule => rule.From == "part.unit")?.Must?.Words;

    /// <summary>Whether its documents have an id.</summary>
    public bool HasId => Fields.Any(rule => rule.From == ExportDocument.IdSource);
}
