using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Releases;
using Traceability.Node.Exchange;
using Traceability.Node.Operators;
using Traceability.Storage;

namespace Traceability.Node.Footprints;

/// <summary>
/// Rolls up what a change concerns, from the changed part to every part it goes into, and queues what customers are to
/// be told. What is to be rolled up is noted in the transaction of the change: a crash in between loses nothing.
/// </summary>
internal sealed partial class Recalculation(TimeProvider clock, ILogger<Recalculation> logger)
{
    private const int PageSize = 10_000;

    /// <summary>Notes that a part's footprint may have changed, or will at a later time.</summary>
    public static void Note(Work work, Guid traceId, DateTimeOffset? due = null) => work.Sql(
        $"insert into {EventStore.Schema}.recalculation (trace_id, due_at) values (?, ?)",
        traceId,
        due ?? DateTimeOffset.MinValue);

    /// <summary>Notes many parts at once.</summary>
    public static void Note(Work work, IReadOnlyCollection<Guid> parts) => work.Sql(
        $"insert into {EventStore.Schema}.recalculation (trace_id) select unnest(?)", parts.ToArray());

    /// <summary>
    /// Rolls up all that is noted. One at a time per operator: each sees what was committed before it.
    /// </summary>
    public async Task RunAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        await op.RollingUp.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<(long, Guid)> noted;
            do
            {
                noted = await NotedAsync(op, cancellationToken);
                if (noted.Count > 0)
                {
                    await op.WorkAsync(
                        "recalculation", work => RollUpAsync(op, work, noted, cancellationToken), cancellationToken);
                }
            }
            while (noted.Count == PageSize);
        }
        finally
        {
            op.RollingUp.Release();
        }

        op.WakeSender();
    }

    /// <summary>As <see cref="RunAsync"/>, for callers that come by often: usually there is nothing to do.</summary>
    public async Task LookAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        if ((await NotedAsync(op, cancellationToken)).Count > 0)
        {
            await RunAsync(op, cancellationToken);
        }
    }

    private async Task<bool> RollUpAsync(
        HostedOperator op, Work work, IReadOnlyList<(long Id, Guid TraceId)> noted, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        HashSet<Guid> changed = [.. noted.Select(row => row.TraceId)];
        var above = await Links.AboveAsync(op.Source, changed, cancellationToken);
        var records = await op.ReadAsync(above, now, cancellationToken);
        List<(Guid TraceId, RollUpResult Result)> results = [];
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
                    results.Add((traceId, result));
                }

                return events.Any(e => e is FootprintRolledUp);
            });

        List<Guid> news = [];
        foreach (var (traceId, result) in results)
        {
            var before = records.Footprints.GetValueOrDefault(traceId);
            var decided = await work.DecideAsync<Footprint>(
                Keys.Footprint(traceId),
                footprint => (footprint ?? Footprint.Unknown(traceId)).RollUp(result, now),
                cancellationToken);
            Report(traceId, decided.Events);
            if (decided.Events.Any(e => e is FootprintRolledUp) && decided.State.IsNewsToOthers(before))
            {
                news.Add(traceId);
            }
        }

        await QueueDisclosuresAsync(op, work, news, cancellationToken);
        work.Sql(
            $"delete from {EventStore.Schema}.recalculation where id = any(?)", noted.Select(row => row.Id).ToArray());
        return true;
    }

    /// <summary>Tells every customer of the parts who may see them, or who may see the field that is named.</summary>
    public static async Task QueueDisclosuresAsync(
        HostedOperator op, Work work, IReadOnlyCollection<Guid> parts, CancellationToken cancellationToken,
        FootprintField? field = null)
    {
        if (parts.Count == 0)
        {
            return;
        }

        var releases = await op.QueryAsync<Release>(
            Links.OfTradesAbout("release/"), cancellationToken, parts.ToArray());
        foreach (var release in releases
            .Where(release => !release.Revoked && (field is null || release.Fields.Contains(field.Value))))
        {
            work.Send(Outbox.Disclosure, release.TradeId);
        }
    }

    private async Task<IReadOnlyList<(long Id, Guid TraceId)>> NotedAsync(
        HostedOperator op, CancellationToken cancellationToken)
    {
        await using var command = op.Source.CreateCommand(
            $"""
            select id, trace_id from {EventStore.Schema}.recalculation where due_at <= $1 order by id limit {PageSize}
            """);
        command.Parameters.AddWithValue(clock.GetUtcNow());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<(long, Guid)> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add((reader.GetInt64(0), reader.GetGuid(1)));
        }

        return rows;
    }

    private void Report(Guid traceId, IReadOnlyList<object> events)
    {
        foreach (var held in events.OfType<FootprintHeld>())
        {
            LogHeld(traceId, held.Reason);
        }
    }

    [LoggerMessage(LogLevel.Error, "Part {TraceId} is held until somebody approves its new total: {Reason}")]
    private partial void LogHeld(Guid traceId, HoldReason reason);
}
