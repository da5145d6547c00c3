using Marten;
using Npgsql;
using Traceability.Domain.Footprints;
using Traceability.Node.Operators;

namespace Traceability.Node.Footprints;

/// <summary>
/// What is left of all that the company had done at a moment. Only what it has in its own database: what becomes of it
/// elsewhere is nobody's business here.
/// </summary>
internal sealed record Settlement(int Notices, int RollUps, int Problems, int Approvals)
{
    /// <summary>What another process does is found by looking.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    public bool Settled => this is { Notices: 0, RollUps: 0, Problems: 0, Approvals: 0 };

    /// <summary>What waits for a person is not waited for: it may take days.</summary>
    private bool GoesOn => Notices > 0 || RollUps > 0;

    public static async Task<Settlement> ReadAsync(
        HostedOperator op, TimeProvider clock, TimeSpan longest, CancellationToken cancellationToken)
    {
        var start = clock.GetUtcNow();
        var (notice, rollUp) = await NewestAsync(op.Database.Source, cancellationToken);
        while (true)
        {
            // Taken before looking: what happens in between ends the wait at once.
            var (committed, sent) = (op.Committed.Next, op.Sent.Next);
            var left = await LeftAsync(op, notice, rollUp, start, cancellationToken);
            var wait = start + longest - clock.GetUtcNow();
            if (!left.GoesOn || wait <= TimeSpan.Zero)
            {
                return left;
            }

            await Task.WhenAny(
                committed, sent, Task.Delay(wait < LookInterval ? wait : LookInterval, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>What comes after them was decided later: a busy company settles, too.</summary>
    private static async Task<(long Notice, long RollUp)> NewestAsync(
        NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            select (select coalesce(max(id), 0) from {EventDatabases.Schema}.outbox),
                (select coalesce(max(id), 0) from {EventDatabases.Schema}.recalculation)
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private static async Task<Settlement> LeftAsync(
        HostedOperator op, long notice, long rollUp, DateTimeOffset start, CancellationToken cancellationToken)
    {
        await using var command = op.Database.Source.CreateCommand(
            $"""
            select (select count(*) from {EventDatabases.Schema}.outbox where id <= $1)::int,
                (select count(*) from {EventDatabases.Schema}.recalculation where id <= $2 and due_at <= $3)::int,
                (select count(*) from {EventDatabases.Schema}.problem where kind in ('notice', 'recalculation'))::int
            """);
        command.Parameters.AddWithValue(notice);
        command.Parameters.AddWithValue(rollUp);
        command.Parameters.AddWithValue(start);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        await using var session = op.Query();
        return new(
            reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2),
            await session.Query<Footprint>().CountAsync(one => one.Proposal != null, cancellationToken));
    }
}
