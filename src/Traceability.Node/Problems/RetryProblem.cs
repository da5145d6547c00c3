using Npgsql;
using Traceability.Node.Operators;

namespace Traceability.Node.Problems;

/// <summary>What failed for good is tried again. It is a new problem if it fails again.</summary>
internal sealed record RetryProblem(long ProblemId) : IAct<bool>
{
    private const string Table = $"{EventDatabases.Schema}.problem";

    public async Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select kind, content from {Table} where id = $1", await session.ConnectionAsync(cancellationToken));
        command.Parameters.AddWithValue(ProblemId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            throw RefusedException.NotDisclosed("Problem", "problem_id", ProblemId);
        }

        switch (Enum.Parse<ProblemKind>(reader.GetString(0), ignoreCase: true))
        {
            case ProblemKind.Notice:
                session.Queue(
                    $"""
                    insert into {EventDatabases.Schema}.outbox (kind, key, payload, traceparent)
                    select split_part(key, ' ', 1), split_part(key, ' ', 2), convert_from(content, 'UTF8'), traceparent
                    from {Table} where id = ?
                    """,
                    ProblemId);
                session.HasNotices = true;
                session.DropProblem(ProblemId);
                break;
            case ProblemKind.Recalculation:
                session.Touch(RecalculationProblem.Parts(reader.GetFieldValue<byte[]>(1)));
                session.DropProblem(ProblemId);
                break;
            case ProblemKind.Key:
                session.DropProblem(ProblemId);
                break;
            default:
                // Whoever receives messages takes it up.
                session.Queue($"update {Table} set retry = true where id = ?", ProblemId);
                break;
        }

        return true;
    }
}
