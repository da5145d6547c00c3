using System.CommandLine;

namespace Traceability.Cli;

/// <summary>`trace operator ...`: how the company fares at its node.</summary>
internal static class OperatorCommands
{
    public static Command Operator => new("operator", "How the company fares at its node.")
    {
        Settled(),
        new Command("problems", "What failed for good, was put aside, and waits for a person.")
        {
            List(),
            OnProblem(
                "retry",
                "Tries again what failed, once its cause is mended.",
                async (id, session) => await session.Problems.RetryProblemAsync(new() { ProblemId = id }, session.Call),
                "It is tried again. If it fails, it is a new problem."),
            OnProblem(
                "drop",
                "Gives up what failed: it is not tried again.",
                async (id, session) => await session.Problems.DropProblemAsync(new() { ProblemId = id }, session.Call),
                "It is given up."),
        },
    };

    private static Verb Settled() => new(
        "settled",
        "Tells whether all that was done has settled in the company: rolled up, and given to the broker. Says nothing "
            + "about other companies.",
        "operator settled --wait 30",
        async (parsed, session, output) =>
        {
            var answer = parsed.GetValue(Common.Wait) is { } seconds
                ? await session.SettleAsync(seconds)
                : await session.Footprints.GetSettlementAsync(new(), session.Call);
            output.Show(
                answer,
                Output.Facts(
                    ("settled", answer.Settled ? "yes" : "no"),
                    ("left", answer.Settled ? "nothing" : Session.Left(answer))),
                answer.Settled ? "nothing has to be done" : "trace operator settled --wait 30");
        })
    {
        Waits = true,
    };

    private static Verb List() => new(
        "list",
        "Lists what waits, oldest first.",
        "operator problems list",
        async (_, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Problems.ListProblemsAsync(
                new() { PageSize = 1000, PageToken = token }, session.Call));
            var table = Output.Rows(
                ["problem", "when", "what", "about", "why"],
                answer.Problems.Select(problem => new[]
                {
                    problem.ProblemId,
                    Output.Time(problem.OccurTime),
                    Output.Word(problem.Kind),
                    problem.About,
                    $"{problem.Reason}: {problem.Explanation}",
                }));
            output.Show(
                answer,
                table,
                answer.Problems.Count == 0
                    ? "nothing waits; nothing has to be done"
                    : $"trace operator problems retry {answer.Problems[0].ProblemId}, or drop");
        });

    private static Verb OnProblem(
        string name, string description, Func<string, Session, Task> run, string done)
    {
        var problem = new Argument<string>("problem") { Description = "A problem, as `problems list` shows it." };
        return new(
            name,
            description,
            $"operator problems {name} 12",
            async (parsed, session, output) =>
            {
                await run(parsed.GetValue(problem)!, session);
                output.Show(done, "trace operator problems list");
            },
            problem);
    }
}
