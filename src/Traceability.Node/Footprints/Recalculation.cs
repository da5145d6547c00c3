using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Node.Exchange;
using Traceability.Node.Operators;
using Traceability.Storage;

namespace Traceability.Node.Footprints;

/// <summary>
/// Rolls up what a change concerns, from the changed part to every part it goes into, and queues what customers are to
/// be
/// told. What is to be rolled up is noted in the transaction of the change: a crash in between loses nothing.
/// </summary>
internal sealed class Recalculation(EventStore store, TimeProvider clock)
{
    private const int PageSize = 1000;

    /// <summary>Notes that a part's footprint may have changed.</summary>
    public static void Note(Work work, Guid traceId) =>
        work.Sql($"insert into {EventStore.Schema}.recalculation (trace_id) values (?)", traceId);

    /// <summary>
    /// Rolls up all that is noted. One at a time per operator: each sees what was committed before it.
    /// </summary>
    public async Task RunAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        await op.RollingUp.WaitAsync(cancellationToken);
        try
        {
            while (await NotedAsync(op, cancellationToken) is { Count: > 0 } noted)
            {
                await op.WorkAsync(
                    "recalculation", work => RollUpAsync(op, work, noted, cancellationToken), cancellationToken);
            }
        }
        finally
        {
            op.RollingUp.Release();
        }

        op.WakeSender();
    }

    /// <summary>The footprint with its lines, as it would be rolled up now.</summary>
    public static async Task<RollUpResult> ResultAsync(
        HostedOperator op, Guid traceId, Footprint? footprint, IReadOnlyDictionary<Guid, Footprint> fresh,
        CancellationToken cancellationToken)
    {
        var bill = await op.ReadAsync<BillOfMaterials>(Keys.BillOfMaterials(traceId), cancellationToken);
        var lines = bill?.Lines ?? [];
        Dictionary<Guid, ChildFootprint> children = [];
        foreach (var line in lines)
        {
            children[line.ChildTraceId] = await ChildAsync(op, line.ChildTraceId, fresh, cancellationToken);
        }

        return RollUp.Of(footprint?.Contribution, lines, children);
    }

    /// <summary>The parts that contain a part directly.</summary>
    public static Task<IReadOnlyList<BillOfMaterials>> ParentsAsync(
        HostedOperator op, Guid traceId, CancellationToken cancellationToken) => op.QueryAsync<BillOfMaterials>(
            "where d.data -> 'lines' @> jsonb_build_array(jsonb_build_object('childTraceId', ?::text))",
            cancellationToken,
            traceId.ToString());

    /// <summary>What the supplier of a bought part has told, if anything.</summary>
    public static async Task<UpstreamTotal?> UpstreamAsync(
        HostedOperator op, Guid traceId, CancellationToken cancellationToken)
    {
        var found = await op.QueryAsync<UpstreamTotal>(
            "where d.data ->> 'traceId' = ? order by d.id", cancellationToken, traceId.ToString());
        return found.OrderBy(one => one.State).FirstOrDefault();
    }

    private static async Task<ChildFootprint> ChildAsync(
        HostedOperator op, Guid traceId, IReadOnlyDictionary<Guid, Footprint> fresh,
        CancellationToken cancellationToken)
    {
        var part = (await op.ReadAsync<Part>(Keys.Part(traceId), cancellationToken))!;
        if (part.Kind == PartKind.Bought)
        {
            return ChildFootprint.Of(part, await UpstreamAsync(op, traceId, cancellationToken));
        }

        var footprint = fresh.GetValueOrDefault(traceId)
            ?? await op.ReadAsync<Footprint>(Keys.Footprint(traceId), cancellationToken);
        return ChildFootprint.Of(part, footprint);
    }

    private async Task<bool> RollUpAsync(
        HostedOperator op, Work work, IReadOnlyList<(long Id, Guid TraceId)> noted, CancellationToken cancellationToken)
    {
        Dictionary<Guid, Footprint> fresh = [];
        foreach (var traceId in await ChildrenFirstAsync(op, noted.Select(row => row.TraceId), cancellationToken))
        {
            var part = await op.ReadAsync<Part>(Keys.Part(traceId), cancellationToken);
            if (part?.Kind != PartKind.Made)
            {
                continue;
            }

            var now = await op.ReadAsync<Footprint>(Keys.Footprint(traceId), cancellationToken);
            var result = await ResultAsync(op, traceId, now, fresh, cancellationToken);
            var decided = await work.DecideAsync<Footprint>(
                Keys.Footprint(traceId),
                footprint => (footprint ?? Footprint.Unknown(traceId)).RollUp(result, clock.GetUtcNow()),
                cancellationToken);
            fresh[traceId] = decided.State ?? Footprint.Unknown(traceId);
            if (decided.Events.Count > 0 && result.Figures is not null)
            {
                await QueueDisclosuresAsync(op, work, traceId, cancellationToken);
            }
        }

        work.Sql(
            $"delete from {EventStore.Schema}.recalculation where id = any(?)", noted.Select(row => row.Id).ToArray());
        return true;
    }

    private static async Task QueueDisclosuresAsync(
        HostedOperator op, Work work, Guid traceId, CancellationToken cancellationToken)
    {
        var trades = await op.QueryAsync<Trade>(
            "where d.data ->> 'upstreamTraceId' = ? order by d.id", cancellationToken, traceId.ToString());
        foreach (var trade in trades)
        {
            var release = await op.ReadAsync<Release>(Keys.Release(trade.TradeId), cancellationToken);
            if (release is { Revoked: false })
            {
                work.Send(Outbox.Disclosure, trade.TradeId);
            }
        }
    }

    /// <summary>The noted parts and all above them, every part after those that go into it.</summary>
    private static async Task<IReadOnlyList<Guid>> ChildrenFirstAsync(
        HostedOperator op, IEnumerable<Guid> noted, CancellationToken cancellationToken)
    {
        List<Guid> parentsFirst = [];
        HashSet<Guid> seen = [];
        foreach (var traceId in noted)
        {
            await VisitAsync(traceId);
        }

        parentsFirst.Reverse();
        return parentsFirst;

        // Depth first: a part is added after all that contain it, so the reverse has children first.
        async Task VisitAsync(Guid traceId)
        {
            if (!seen.Add(traceId))
            {
                return;
            }

            foreach (var parent in await ParentsAsync(op, traceId, cancellationToken))
            {
                await VisitAsync(parent.ParentTraceId);
            }

            parentsFirst.Add(traceId);
        }
    }

    private async Task<IReadOnlyList<(long Id, Guid TraceId)>> NotedAsync(
        HostedOperator op, CancellationToken cancellationToken)
    {
        await using var command = store.Source(op.Database).CreateCommand(
            $"select id, trace_id from {EventStore.Schema}.recalculation order by id limit {PageSize}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<(long, Guid)> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add((reader.GetInt64(0), reader.GetGuid(1)));
        }

        return rows;
    }
}
