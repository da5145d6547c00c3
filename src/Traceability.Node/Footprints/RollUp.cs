using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Node.Operators;
using Traceability.Node.Statements;

namespace Traceability.Node.Footprints;

/// <summary>
/// Rolls up what an act has touched, from the changed parts to every part they go into, and tells customers what is
/// news to them: in the transaction of the act, so that nobody ever sees the one without the other.
/// </summary>
internal sealed partial class RollUp(ILogger<RollUp> logger)
{
    public async Task FollowAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var touched = session.TakeTouched();
        if (touched.Count == 0 || session.Discarded)
        {
            return;
        }

        // What the act has decided is found by asking the database like everything else.
        await session.FlushAsync(cancellationToken);
        var above = await PartLinks.AboveAsync(
            await session.ConnectionAsync(cancellationToken), touched, cancellationToken);
        var records = await CompanyReader.ReadAsync(session, above, cancellationToken);
        List<TraceId> news = [];
        foreach (var (traceId, events) in Decide(records, touched, session.Now))
        {
            var before = records.Footprints.GetValueOrDefault(traceId);
            var decided = await session.DecideAsync<Footprint>(
                StreamNames.Footprint(traceId), _ => events, cancellationToken);
            Report(traceId, decided.Events);
            if (decided.Events.Any(e => e is FootprintRolledUp) && decided.State.IsNewsToOthers(before))
            {
                news.Add(traceId);
            }
        }

        await session.TellAsync(news, cancellationToken);
    }

    private static List<(TraceId TraceId, object[] Events)> Decide(
        CompanyRecords records, IEnumerable<TraceId> touched, DateTimeOffset now)
    {
        HashSet<TraceId> changed = [.. touched];
        List<(TraceId, object[])> decided = [];
        CompanyRollUp.Of(records).Update(
            records.Bills.Where(bill =>
                changed.Contains(bill.Key) || bill.Value.Any(line => changed.Contains(line.ChildTraceId)))
                .Select(bill => bill.Key),
            (traceId, result) =>
            {
                var events = (records.Footprints.GetValueOrDefault(traceId) ?? Footprint.Unknown(traceId))
                    .RollUp(result, now);
                if (events.Length > 0)
                {
                    decided.Add((traceId, events));
                }

                return events.Any(e => e is FootprintRolledUp);
            });
        return decided;
    }

    private void Report(TraceId traceId, IReadOnlyList<object> events)
    {
        foreach (var held in events.OfType<FootprintHeld>())
        {
            LogHeld(traceId, held.Reason);
        }
    }

    [LoggerMessage(LogLevel.Error, "Part {TraceId} is held until somebody approves its new total: {Reason}")]
    private partial void LogHeld(TraceId traceId, HoldReason reason);
}
