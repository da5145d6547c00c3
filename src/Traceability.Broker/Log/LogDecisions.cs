using Traceability.Domain.Releases;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;

namespace Traceability.Broker.Log;

/// <summary>The newest decisions get an event that speaks for them in the broker's log.</summary>
/// <param name="AtMost">How many at once.</param>
/// <param name="SealKey">With which they were sealed.</param>
/// <returns>How many.</returns>
internal sealed record LogDecisions(int AtMost, byte[] SealKey) : IAct<int>
{
    public string Turn => StreamNames.Decisions;

    public async Task<int> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var rows = await SealedDecision.ReadAsync(
            await session.ConnectionAsync(cancellationToken), $"batch is null order by id limit {AtMost}",
            cancellationToken);
        if (rows.Count == 0)
        {
            return 0;
        }

        if (rows.FirstOrDefault(row => !row.Decision.Holds(SealKey)).Decision is { } broken)
        {
            throw new BrokenHistoryException(
                $"The decision about message {broken.Decision.MessageId} is not what the broker decided.");
        }

        var batch = await session.RecordAsync(
            StreamNames.Decisions,
            new DecisionsLogged(rows.Count, DecisionTree.Root(rows), session.Now),
            cancellationToken);
        session.Queue(
            $"call {EventDatabases.Schema}.log_decisions(?, ?)", batch, rows.Select(row => row.Id).ToArray());
        return rows.Count;
    }
}

/// <summary>The tree over the decisions of one batch.</summary>
internal static class DecisionTree
{
    /// <returns>Its root, in Base64.</returns>
    public static string Root(IReadOnlyList<(long Id, SealedDecision Decision)> rows)
    {
        Dictionary<MerkleNode, byte[]> nodes = [];
        foreach (var (index, row) in rows.Index())
        {
            foreach (var (node, hash) in MerkleTree.Complete(index, row.Decision.LeafHash, node => nodes[node]))
            {
                nodes[node] = hash;
            }
        }

        return Convert.ToBase64String(MerkleTree.Root(0, rows.Count, node => nodes[node]));
    }
}
