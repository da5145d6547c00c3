using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;

namespace Traceability.Domain.Footprints;

/// <summary>An event as it was recorded, with a name for people.</summary>
public sealed record PastEvent(string Name, object Data);

/// <summary>Where a number came from.</summary>
/// <param name="Input">The line; null for the own contribution.</param>
/// <param name="Source">The event that said it. Null: no event did, so the number came from nowhere.</param>
/// <param name="Presentation">What a supplier sent, as evidence; null for numbers of the company itself.</param>
public sealed record ReplayedSource(RollUpInput? Input, string? Source, string? Presentation);

/// <summary>One version of a total, computed anew from the events before it.</summary>
/// <param name="Stored">As it was recorded.</param>
/// <param name="Replayed">What comes out now.</param>
/// <param name="Sources">Where each number came from.</param>
/// <param name="Agrees">Whether it is the same to the last digit, and every number has a source.</param>
public sealed record ReplayedVersion(
    FootprintRolledUp Stored, RollUpResult Replayed, IReadOnlyList<ReplayedSource> Sources, bool Agrees);

/// <summary>Computes every version of a part's total anew, from nothing but the events before it.</summary>
public static class FootprintReplay
{
    /// <summary>Before, what had run out was still counted.</summary>
    private static readonly DateTimeOffset ExpiryCountsSince = new(2026, 11, 27, 0, 0, 0, TimeSpan.Zero);

    /// <param name="part">A made part.</param>
    /// <param name="parts">The parts that ever went into it.</param>
    /// <param name="history">
    /// Oldest first: the events of its footprint and bill of materials, of the footprints of what goes in, and of what
    /// suppliers told about that.
    /// </param>
    public static IReadOnlyList<ReplayedVersion> Of(
        Part part, IReadOnlyDictionary<TraceId, Part> parts, IReadOnlyList<PastEvent> history)
    {
        List<ReplayedVersion> versions = [];
        foreach (var (index, past) in history.Index())
        {
            if (past.Data is FootprintRolledUp stored && stored.TraceId == part.TraceId)
            {
                versions.Add(Version(part, parts, [.. history.Take(index)], stored));
            }
        }

        return versions;
    }

    private static ReplayedVersion Version(
        Part part, IReadOnlyDictionary<TraceId, Part> parts, IReadOnlyList<PastEvent> before, FootprintRolledUp stored)
    {
        var time = stored.RolledUpAt < ExpiryCountsSince ? DateTimeOffset.MinValue : stored.RolledUpAt;
        var own = Last(before, e => Declared(e, part.TraceId) is { } said
            && (said.Contribution!.Equals(stored.Own) || (stored.Own is null && said.HasRunOut(time))));
        var inputs = stored.Inputs.Select(input => (Input: input, Source: SourceOf(input, before))).ToList();
        List<ReplayedSource> sources =
        [
            .. stored.Own is null ? [] : new[] { new ReplayedSource(null, own?.Name, null) },
            .. inputs.Where(one => one.Input.State == LineState.Answered).Select(one => new ReplayedSource(
                one.Input, one.Source?.Name, (one.Source?.Data as UpstreamTotalReceived)?.Presentation)),
        ];
        var (footprints, upstreams) = Facts(part.TraceId, own, inputs);
        RollUpResult? result = null;
        foreach (var lines in BillsBefore(part.TraceId, before, stored.RolledUpAt))
        {
            result = RollUp(new(
                parts.Values.Append(part).DistinctBy(one => one.TraceId).ToDictionary(one => one.TraceId),
                new Dictionary<TraceId, IReadOnlyList<BillOfMaterialsLine>> { [part.TraceId] = lines },
                footprints,
                upstreams.ToLookup(one => one.TraceId),
                time));
            if (Same(result, stored))
            {
                break;
            }
        }

        return new(stored, result!, sources, Same(result!, stored) && sources.All(source => source.Source is not null));

        RollUpResult RollUp(CompanyRecords records)
        {
            RollUpResult? rolledUp = null;
            CompanyRollUp.Of(records).Update([part.TraceId], (traceId, one) =>
            {
                rolledUp = traceId == part.TraceId ? one : rolledUp;
                return true;
            });
            return rolledUp!;
        }
    }

    /// <summary>
    /// The declaration in force first, then earlier ones: one that came while the total was computed may be among the
    /// events before it without being in it.
    /// </summary>
    private static IEnumerable<IReadOnlyList<BillOfMaterialsLine>> BillsBefore(
        TraceId traceId, IReadOnlyList<PastEvent> before, DateTimeOffset time)
    {
        object[] declared =
        [
            .. before.Select(past => past.Data).Where(e =>
                e is BillOfMaterialsDeclared d && d.ParentTraceId == traceId
                || e is BillOfMaterialsRevised r && r.ParentTraceId == traceId),
        ];
        for (var count = declared.Length; count >= 0; count--)
        {
            var bill = declared.Take(count).Aggregate((BillOfMaterials?)null, BillOfMaterials.Evolve);
            yield return bill?.At(time)?.Lines ?? [];
        }
    }

    private static (Dictionary<TraceId, Footprint> Footprints, List<UpstreamTotal> Upstreams) Facts(
        TraceId traceId, PastEvent? own, IEnumerable<(RollUpInput Input, PastEvent? Source)> inputs)
    {
        Dictionary<TraceId, Footprint> footprints = [];
        List<UpstreamTotal> upstreams = [];
        if (own is not null)
        {
            footprints[traceId] = Footprint.Evolve(null, own.Data)!;
        }

        foreach (var (input, source) in inputs.DistinctBy(one => (one.Input.ChildTraceId, one.Input.TradeId)))
        {
            switch (source?.Data)
            {
                case UpstreamTotalReceived or UpstreamTotalWithheld:
                    upstreams.Add(UpstreamTotal.Evolve(null, source.Data)!);
                    break;
                case { } said:
                    footprints[input.ChildTraceId] = Footprint.Evolve(null, said)!;
                    break;
                default:
                    break;
            }
        }

        return (footprints, upstreams);
    }

    /// <summary>The last event before that said what the line took in.</summary>
    private static PastEvent? SourceOf(RollUpInput input, IReadOnlyList<PastEvent> before) => Last(before, e => e switch
    {
        UpstreamTotalReceived r when input is { State: LineState.Expired, Origin: LineOrigin.Supplier } =>
            r.TradeId == input.TradeId,
        UpstreamTotalReceived r => input is { State: LineState.Answered, Origin: LineOrigin.Supplier }
            && (r.TradeId, r.Version, r.Figures.Total) == (input.TradeId, input.Version, input.ChildTotal)
            && r.Complete == input.Complete,
        UpstreamTotalWithheld w => input.State == LineState.Withheld && w.TradeId == input.TradeId,
        FootprintRolledUp f => input.Origin == LineOrigin.Made && f.TraceId == input.ChildTraceId
            && f.Figures?.Total == input.ChildTotal && f.Complete == input.Complete,
        _ => input.Origin == LineOrigin.DataSet && Declared(e, input.ChildTraceId) is { } said
            && (input.State == LineState.Expired || said.Contribution!.Total == input.ChildTotal),
    });

    private static Footprint? Declared(object e, TraceId traceId) => e switch
    {
        ContributionDeclared d when d.TraceId == traceId => Footprint.Evolve(null, d),
        ContributionRevised r when r.TraceId == traceId => Footprint.Evolve(null, r),
        _ => null,
    };

    private static PastEvent? Last(IReadOnlyList<PastEvent> before, Func<object, bool> fits) =>
        before.LastOrDefault(past => fits(past.Data));

    /// <summary>A made child counts with its total of the same moment, under the version before it.</summary>
    private static bool Same(RollUpResult result, FootprintRolledUp stored) =>
        Equals(result.Figures, stored.Figures)
        && result.Complete == stored.Complete
        && result.Lines.Select(line => Comparable(line.ToInput())).SequenceEqual(stored.Inputs.Select(Comparable));

    private static RollUpInput Comparable(RollUpInput input) =>
        input.Origin == LineOrigin.Made ? input with { Version = null } : input;
}
