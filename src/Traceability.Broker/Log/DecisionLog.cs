using Traceability.Domain.Releases;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Traceability.Storage.Logs;

namespace Traceability.Broker.Log;

/// <summary>
/// Puts decisions into the broker's tamper-evident log: many of them by one event, so that a disclosure costs no event,
/// and finds those that are not what was decided.
/// </summary>
internal sealed class DecisionLog(BrokerStore store)
{
    private const string Stream = "decisions";
    private const string Table = $"{EventStore.Schema}.decision";
    private const int BatchSize = 1000;
    private const int MaxFindings = 1000;

    /// <exception cref="BrokenHistoryException">A decision changed between its commit and now.</exception>
    public async Task AppendAsync(CancellationToken cancellationToken)
    {
        while (await AppendBatchAsync(cancellationToken) == BatchSize)
        {
            // More may be waiting.
        }
    }

    /// <summary>Holds every decision against its seal, and every batch against the event that speaks for it.</summary>
    public async Task<(long Decisions, IReadOnlyList<HistoryFinding> Findings)> CheckAsync(
        CancellationToken cancellationToken)
    {
        List<HistoryFinding> findings = [];
        var decisions = 0L;
        var batches = (await store.EventsAsync(Stream, cancellationToken)).OfType<DecisionsLogged>();
        foreach (var (index, batch) in batches.Index())
        {
            var rows = await SealedDecision.ReadAsync(
                store.Source, "batch = $1 order by id", cancellationToken, (long)index + 1);
            decisions += rows.Count;
            findings.AddRange(Broken(rows));
            if (rows.Count != batch.Count || Convert.ToBase64String(Root(rows)) != batch.Root)
            {
                findings.Add(new(
                    $"Batch {index + 1} of the decisions",
                    $"has {rows.Count} decisions; {batch.Count} were logged, and these are not the same"));
            }
        }

        var waiting = await SealedDecision.ReadAsync(
            store.Source, "batch is null order by id", cancellationToken);
        findings.AddRange(Broken(waiting));
        findings.AddRange(await UnsealedAsync(cancellationToken));
        return (decisions + waiting.Count, [.. findings.Take(MaxFindings)]);
    }

    private Task<int> AppendBatchAsync(CancellationToken cancellationToken) => store.WorkAsync(
        "decision log",
        async work =>
        {
            var rows = await SealedDecision.ReadAsync(
                store.Source, $"batch is null order by id limit {BatchSize}", cancellationToken);
            if (rows.Count == 0)
            {
                return 0;
            }

            if (Broken(rows).FirstOrDefault() is { } broken)
            {
                throw new BrokenHistoryException($"{broken.What} {broken.Problem}.");
            }

            var batch = await work.RecordAsync(
                Stream,
                new DecisionsLogged(rows.Count, Convert.ToBase64String(Root(rows)), store.Now),
                cancellationToken);
            work.Sql($"update {Table} set batch = ? where id = any(?)", batch, rows.Select(row => row.Id).ToArray());
            return rows.Count;
        },
        cancellationToken);

    private IEnumerable<HistoryFinding> Broken(IEnumerable<(long Id, SealedDecision Decision)> rows) =>
        rows.Where(row => !row.Decision.Holds(store.LogKeys.SealKey)).Select(row => new HistoryFinding(
            $"Decision {row.Id} about message {row.Decision.Decision.MessageId}", "is not what the broker decided"));

    private async Task<IReadOnlyList<HistoryFinding>> UnsealedAsync(CancellationToken cancellationToken)
    {
        await using var command = store.Source.CreateCommand(
            $"select id, message_id from {Table} where seal is null or salt is null order by id limit {MaxFindings}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<HistoryFinding> findings = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            findings.Add(new(
                $"Decision {reader.GetInt64(0)} about message {reader.GetGuid(1)}",
                "was not written by this broker: it has no seal"));
        }

        return findings;
    }

    private static byte[] Root(IReadOnlyList<(long Id, SealedDecision Decision)> rows)
    {
        Dictionary<MerkleNode, byte[]> nodes = [];
        foreach (var (index, row) in rows.Index())
        {
            foreach (var (node, hash) in MerkleTree.Complete(index, row.Decision.LeafHash, node => nodes[node]))
            {
                nodes[node] = hash;
            }
        }

        return MerkleTree.Root(0, rows.Count, node => nodes[node]);
    }
}
