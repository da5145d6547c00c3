using Traceability.Exports.Documents;
using Traceability.Exports.Facts;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Rules;

/// <summary>A field of an export with what is known of it.</summary>
/// <param name="Rule">The field.</param>
/// <param name="State">On the day, for the category.</param>
/// <param name="Value">Its value; null if it is not known or not shown.</param>
/// <param name="Problem">Why there can be no final export; null if there is nothing.</param>
/// <param name="Fact">The fact to be declared, if one is missing.</param>
/// <param name="Who">Who has to supply what is missing.</param>
public sealed record ReviewedField(
    FieldRule Rule, FieldState State, ExportValue? Value, string? Problem = null, string? Fact = null,
    string? Who = null);

/// <summary>What an export shows, and what stands in its way.</summary>
public sealed record ExportReview(RuleTable Table, ExportInput Input, IReadOnlyList<ReviewedField> Fields)
{
    /// <summary>What a document shows.</summary>
    public IEnumerable<(FieldRule Rule, ExportValue Value)> Shown =>
        from one in Fields where one.Value is not null select (one.Rule, one.Value);

    public IReadOnlyList<ReviewedField> Problems => [.. Fields.Where(one => one.Problem is not null)];

    /// <summary>Whether it may be shown as final.</summary>
    public bool Final => Problems.Count == 0;

    public static ExportReview Of(RuleTable table, ExportInput input)
    {
        var sources = ExportSources.Of(input);
        var category = input.Facts.GetValueOrDefault("battery.category");
        var day = DateOnly.FromDateTime(input.AsOf.UtcDateTime);
        List<ReviewedField> fields =
        [
            .. table.Fields.Where(rule => Applies(rule, sources)).Select(rule => Review(rule, category, day, sources)),
            .. (table.Plausible ?? []).Select(range => Review(range, sources)).OfType<ReviewedField>(),
        ];
        if (day < table.ValidFrom)
        {
            fields.Add(Problem("version", $"This version is in use from {table.ValidFrom:O} on.", "nobody"));
        }

        if (!input.Complete)
        {
            fields.Add(Problem(
                "total", "The total is incomplete: lines have no figure yet.", "suppliers that have not answered"));
        }

        return new(table, input, fields);
    }

    private static bool Applies(FieldRule rule, IReadOnlyDictionary<string, ExportValue> sources) =>
        (rule.If is null || sources.ContainsKey(rule.If)) && (rule.Unless is null || !sources.ContainsKey(rule.Unless));

    private static ReviewedField Review(
        FieldRule rule, string? category, DateOnly day, IReadOnlyDictionary<string, ExportValue> sources)
    {
        var state = rule.StateFor(category, day);
        var known = rule.From is null ? rule.Value : sources.GetValueOrDefault(rule.From);
        if (state is FieldState.Pending or FieldState.MustNotBeFilled)
        {
            // A figure is there whether it is shown or not; what somebody declared was meant to be shown.
            var declared = rule.From is not null && known is not null && FactTable.Find(rule.From) is not null;
            return new(rule, state, rule.From is null ? rule.Value : null, declared
                ? state == FieldState.Pending ? "must not be shown yet: its form is not fixed." : "must not be filled."
                : null);
        }

        var value = known is Text(var ours) && rule.Values?.GetValueOrDefault(ours) is { } theirs
            ? new Text(theirs)
            : known;
        return value is null && state == FieldState.Mandatory ? Missing(rule, state) : new(rule, state, value);
    }

    private static ReviewedField Missing(FieldRule rule, FieldState state)
    {
        var fact = FactTable.Find(rule.From!);
        return new(
            rule,
            state,
            null,
            fact is null ? "is missing." : $"is missing: {fact.Means}{(fact.Unit is null ? "" : $", in {fact.Unit}")}.",
            fact?.Name,
            rule.Who ?? fact?.Who ?? "the maker");
    }

    private static ReviewedField? Review(PlausibleRange range, IReadOnlyDictionary<string, ExportValue> sources)
    {
        var value = sources.Number(range.From);
        return value < range.Least || value > range.Most
            ? Problem(
                range.From, $"{value} is not between {range.Least} and {range.Most}: {range.Otherwise}", "the maker")
            : null;
    }

    private static ReviewedField Problem(string path, string problem, string who) =>
        new(new(path, path), FieldState.Mandatory, null, problem, null, who);
}
