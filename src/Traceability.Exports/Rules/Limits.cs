using Traceability.Exports.Documents;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Rules;

/// <summary>A time that another is held against.</summary>
/// <param name="From">Its name among the sources.</param>
/// <param name="Means">For people.</param>
/// <param name="Years">So much later.</param>
public sealed record TimeBound(string From, string Means, int Years = 0);

/// <summary>What a standard takes of a value, in its own words.</summary>
/// <param name="Words">One of these.</param>
/// <param name="Least">No less.</param>
/// <param name="Most">No more.</param>
/// <param name="Decimals">No more places after the point.</param>
/// <param name="After">Later than each of these.</param>
/// <param name="Until">No later than each of these.</param>
public sealed record Limits(
    IReadOnlyList<string>? Words = null, decimal? Least = null, decimal? Most = null, int? Decimals = null,
    IReadOnlyList<TimeBound>? After = null, IReadOnlyList<TimeBound>? Until = null)
{
    /// <summary>What is wrong with a value, and what would be right; null if nothing is.</summary>
    public string? Problem(ExportValue value, IReadOnlyDictionary<string, ExportValue> sources) => value switch
    {
        Text(var text) when Words?.Contains(text) == false =>
            $"is \"{text}\"; this standard knows: {string.Join(", ", Words)}.",
        Number(var number) when number < Least => $"is {number}; this standard takes no less than {Least}.",
        Number(var number) when number > Most => $"is {number}; this standard takes no more than {Most}.",
        Number(var number) when ExportSources.Exact(number).Value.Scale > Decimals =>
            $"is {number}; this standard takes no more than {Decimals} places after the point.",
        Time(var time) => Problem(time, sources),
        _ => null,
    };

    private string? Problem(DateTimeOffset time, IReadOnlyDictionary<string, ExportValue> sources)
    {
        foreach (var bound in After ?? [])
        {
            if (Of(bound, sources) is { } earliest && time <= earliest)
            {
                return $"is {new Time(time)}; it must be after {new Time(earliest)}, {bound.Means}.";
            }
        }

        foreach (var bound in Until ?? [])
        {
            if (Of(bound, sources) is { } latest && time > latest)
            {
                return $"is {new Time(time)}; it must be no later than {new Time(latest)}, {bound.Means}.";
            }
        }

        return null;
    }

    private static DateTimeOffset? Of(TimeBound bound, IReadOnlyDictionary<string, ExportValue> sources) =>
        sources.GetValueOrDefault(bound.From) is Time(var time)
        && time.Year + bound.Years <= DateTimeOffset.MaxValue.Year
            ? time.AddYears(bound.Years)
            : null;
}
