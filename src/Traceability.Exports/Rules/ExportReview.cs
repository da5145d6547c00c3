using Traceability.Exports.Documents;
using Traceability.Exports.Facts;

namespace Traceability.Exports.Rules;

/// <summary>A field of an export with what is known of it.</summary>
/// <param name="Rule">The field.</param>
/// <param name="State">On the day, for the category.</param>
/// <param name="Value">Its value; null if it is not known or not shown.</param>
/// <param name="Problem">Why there can be no final export; null if there is nothing.</param>
/// <param name="Fact">The fact to be declared, anew or for the first time.</param>
/// <param name="Who">Who has to supply what is missing, or to do what.</param>
public sealed record ReviewedField(
    FieldRule Rule, FieldState State, ExportValue? Value, string? Problem = null, string? Fact = null,
    string? Who = null)
{
    /// <summary>Its problem, for people.</summary>
    public override string ToString() => Fact is null
        ? $"{Rule.Label} {Problem} (by {Who})"
        : $"{Rule.Label} {Problem} Fact {Fact} (by {Who})";
}

/// <summary>What an export shows, and what stands in its way.</summary>
public sealed record ExportReview(RuleTable Table, ExportInput Input, IReadOnlyList<ReviewedField> Fields)
{
    private static readonly Dictionary<string, ExportValue> NothingKnown = [];

    /// <summary>What a document shows.</summary>
    public IEnumerable<(FieldRule Rule, ExportValue Value)> Shown =>
        from one in Fields where one.Value is not null select (one.Rule, one.Value);

    public IReadOnlyList<ReviewedField> Problems => [.. Fields.Where(one => one.Problem is not null)];

    /// <summary>Whether it may be shown as final.</summary>
    public bool Final => Problems.Count == 0;

    /// <summary>What the document says of itself; null where it has no id.</summary>
    public ExportDocument? Document { get; private init; }

    public static ExportReview Of(RuleTable table, ExportInput input)
    {
        var sources = ExportSources.Of(input);
        UnitConversion.Apply(sources, table.Units);
        ExportDocument.Unknown(input).AddTo(sources, input);
        var content = Of(table, input, sources);
        if (!table.HasId)
        {
            return content;
        }

        var document = ExportDocument.Of(content);
        document.AddTo(sources, input);
        return Of(table, input, sources) with { Document = document };
    }

    private static ExportReview Of(
        RuleTable table, ExportInput input, IReadOnlyDictionary<string, ExportValue> sources)
    {
        var day = DateOnly.FromDateTime(input.AsOf.UtcDateTime);
        List<ReviewedField> fields =
        [
            .. table.Fields.Where(rule => Applies(rule, sources)).Select(rule => Review(rule, input, day, sources)),
            .. (table.Checks ?? []).Select(rule => Review(rule, input, day, sources) with { Value = null })
                .Where(field => field.Problem is not null),
            .. (table.Plausible ?? []).Select(range => Review(range, sources)).OfType<ReviewedField>(),
        ];
        if (day < table.ValidFrom)
        {
            fields.Add(Problem(
                "version", $"This version is in use from {table.ValidFrom:O} on.",
                "whoever asks: another version until then"));
        }

        if (!input.Complete)
        {
            fields.Add(Problem(
                "total",
                "The total is incomplete: lines have no figure yet, or one that has run out (trace footprint show).",
                "suppliers that have not answered, and the maker for figures of its own"));
        }

        return new(table, input, fields);
    }

    private static bool Applies(FieldRule rule, IReadOnlyDictionary<string, ExportValue> sources) =>
        (rule.If is null || sources.ContainsKey(rule.If)) && (rule.Unless is null || !sources.ContainsKey(rule.Unless));

    private static ReviewedField Review(
        FieldRule rule, ExportInput input, DateOnly day, IReadOnlyDictionary<string, ExportValue> sources)
    {
        var state = rule.StateFor(input.Facts.GetValueOrDefault("battery.category"), day);
        var fact = rule.From is null ? null : FactTable.Find(rule.From);
        var declared = fact is null ? null : input.Facts.GetValueOrDefault(fact.Name);
        if (state is FieldState.Pending or FieldState.MustNotBeFilled)
        {
            // A figure is there whether it is shown or not; what somebody declared was meant to be shown.
            return declared is null ? new(rule, state, rule.Value) : TakenBack(rule, state, fact!);
        }

        var value = rule.From is null ? rule.Value : sources.GetValueOrDefault(rule.From);
        if (value is null)
        {
            return declared is not null ? Unreadable(rule, state, fact!, declared)
                : state == FieldState.Mandatory ? Missing(rule, state, fact, sources)
                : new(rule, state, null);
        }

        return rule.Must?.Problem(value, sources) is { } problem
            ? new(rule, state, value, problem, fact?.Name ?? FactOf(rule), WhoOf(rule, fact))
            : new(rule, state, value);
    }

    private static ReviewedField TakenBack(FieldRule rule, FieldState state, FactRule fact) => new(
        rule,
        state,
        null,
        state == FieldState.Pending
            ? "must not be shown yet: its form is not fixed. Take it back: declare it without a value."
            : "must not be filled. Take it back: declare it without a value.",
        fact.Name,
        WhoOf(rule, fact));

    /// <summary>What was taken when less was known of it.</summary>
    private static ReviewedField Unreadable(FieldRule rule, FieldState state, FactRule fact, string declared) => new(
        rule, state, null, $"is declared as \"{declared}\" and {fact.Problem(declared)}", fact.Name, WhoOf(rule, fact));

    private static ReviewedField Missing(
        FieldRule rule, FieldState state, FactRule? fact, IReadOnlyDictionary<string, ExportValue> sources)
    {
        if (fact is not null)
        {
            var unit = fact.Unit is null ? "" : $", in {fact.Unit}";
            return new(rule, state, null, $"is missing: {fact.Means}{unit}.", fact.Name, WhoOf(rule, fact));
        }

        var needed = Needs.Facts(rule.From!, sources);
        return new(
            rule,
            state,
            null,
            needed.Count == 0 ? "is missing." : $"is missing: it is computed from {string.Join(", ", needed)}.",
            needed.Count == 0 ? null : needed[0],
            rule.Who ?? (needed.Count == 0 ? Needs.Act(rule.From!) : FactTable.Find(needed[0])!.Who));
    }

    private static string WhoOf(FieldRule rule, FactRule? fact) =>
        rule.Who ?? fact?.Who ?? (FactOf(rule) is { } one ? FactTable.Find(one)!.Who : Needs.Act(rule.From!));

    /// <summary>The fact that a computed value follows from whatever else is known.</summary>
    private static string? FactOf(FieldRule rule) =>
        rule.From is null ? null : Needs.Facts(rule.From, NothingKnown) is [var first, ..] ? first : null;

    private static ReviewedField? Review(PlausibleRange range, IReadOnlyDictionary<string, ExportValue> sources)
    {
        var value = sources.Number(range.From);
        return value < range.Least || value > range.Most
            ? Problem(
                range.From,
                $"{value} is not between {range.Least} and {range.Most}: {range.Otherwise} It is computed from the "
                    + $"footprint and {string.Join(", ", range.Facts)}.",
                FactTable.Find(range.Facts[0])!.Who,
                range.Facts[0])
            : null;
    }

    private static ReviewedField Problem(string path, string problem, string who, string? fact = null) =>
        new(new(path, path), FieldState.Mandatory, null, problem, fact, who);
}
