using Traceability.Domain.Releases;
using Traceability.Storage.Logs;

namespace Traceability.Broker.Log;

/// <summary>
/// Puts decisions into the broker's tamper-evident log: many of them by one event, so that a disclosure costs no event,
/// and finds those that are not what was decided.
/// </summary>
internal sealed class DecisionLog(BrokerDatabase broker)
{
    private const string Table = $"{EventDatabases.Schema}.decision";
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
        await using var connection = await broker.Source.OpenConnectionAsync(cancellationToken);
        await using var session = broker.Query();
        var batches = (await session.Events.FetchStreamAsync(StreamNames.Decisions, token: cancellationToken))
            .Select(e => e.Data).OfType<DecisionsLogged>();
        foreach (var (index, batch) in batches.Index())
        {
            var rows = await SealedDecision.ReadAsync(
                connection, "batch = $1 order by id", cancellationToken, (long)index + 1);
            decisions += rows.Count;
            findings.AddRange(Broken(rows));
            if (rows.Count != batch.Count || DecisionTree.Root(rows) != batch.Root)
            {
                findings.Add(new(
                    $"Batch {index + 1} of the decisions",
                    $"has {rows.Count} decisions; {batch.Count} were logged, and these are not the same"));
            }
        }

        var waiting = await SealedDecision.ReadAsync(
            connection, "batch is null order by id", cancellationToken);
        findings.AddRange(Broken(waiting));
        findings.AddRange(await UnsealedAsync(cancellationToken));
        return (decisions + waiting.Count, [.. findings.Take(MaxFindings)]);
    }

    private Task<int> AppendBatchAsync(CancellationToken cancellationToken) => broker.DoAsync(
        new LogDecisions(BatchSize, broker.LogKeys.SealKey), "decision log", cancellationToken);

    private IEnumerable<HistoryFinding> Broken(IEnumerable<(long Id, SealedDecision Decision)> rows) =>
        rows.Where(row => !row.Decision.Holds(broker.LogKeys.SealKey)).Select(row => new HistoryFinding(
            $"Decision {row.Id} about message {row.Decision.Decision.MessageId}", "is not what the broker decided"));

    private async Task<IReadOnlyList<HistoryFinding>> UnsealedAsync(CancellationToken cancellationToken)
    {
        await using var command = broker.Source.CreateCommand(
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
}
