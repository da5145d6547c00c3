using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Problems;

/// <summary>What failed for good and waits for a person.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class ProblemServer(HostedOperators operators) : Wire.ProblemService.ProblemServiceBase
{
    public override async Task<Wire.ListProblemsResponse> ListProblems(
        Wire.ListProblemsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, after) = (input.PageSize(request.PageSize), Number(input, "page_token", request.PageToken, 0));
        input.ThrowIfInvalid();
        await using var command = op.Database.Source.CreateCommand(
            $"""
            select id, kind, key, reason, explanation, occurred_at from {EventDatabases.Schema}.problem
            where id > $1 order by id limit $2
            """);
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(size);
        await using var reader = await command.ExecuteReaderAsync(context.CancellationToken);
        List<Wire.Problem> problems = [];
        while (await reader.ReadAsync(context.CancellationToken))
        {
            problems.Add(new()
            {
                ProblemId = $"{reader.GetInt64(0)}",
                Kind = (Wire.ProblemKind)System.Enum.Parse<ProblemKind>(reader.GetString(1), ignoreCase: true),
                About = reader.GetString(2),
                Reason = reader.GetString(3),
                Explanation = reader.GetString(4),
                OccurTime = reader.GetFieldValue<DateTimeOffset>(5).ToTimestamp(),
            });
        }

        var shown = problems.ThatFit();
        return new()
        {
            Problems = { shown },
            NextPageToken = MessagePages.Next(shown.Count, problems, size, problem => problem.ProblemId),
        };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RetryProblemResponse> RetryProblem(
        Wire.RetryProblemRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var act = new RetryProblem(Number(input, "problem_id", request.ProblemId, null));
        input.ThrowIfInvalid();
        await op.DoAsync(act, context);
        op.Retried.Set();
        return new();
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.DropProblemResponse> DropProblem(
        Wire.DropProblemRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new DropProblem(Number(input, "problem_id", request.ProblemId, null));
        input.ThrowIfInvalid();
        await operators.Of(context).DoAsync(act, context);
        return new();
    }

    private static long Number(Input input, string field, string text, long? otherwise)
    {
        if (text.Length == 0 && otherwise is { } value)
        {
            return value;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            input.Violate(field, text, "must be the problem_id of a problem that was listed.");
        }

        return number;
    }
}
