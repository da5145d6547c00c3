using Google.Protobuf;
using Npgsql;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Cli;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Problems;

/// <summary>What fails for good is put aside, shown, and tried again or given up; nothing behind it waits.</summary>
public class ProblemTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task A_notice_that_the_broker_refuses_holds_up_nothing_behind_it()
    {
        using var b = await federation.AtWorkAsync(Story.B);
        var nothing = Guid.CreateVersion7();
        await federation.Processes.ExecuteAsync(
            Databases.Of(b),
            $"insert into traceability.outbox (kind, key, payload, traceparent) values ('trade_cancel', '{nothing}', '', '')",
            federation.Deadline);

        using var a = await federation.AtWorkAsync(Story.A);
        await a.DeliverAsync(b, "3", federation.Deadline);

        var problem = await ProblemAsync(b, ProblemKind.Notice);
        Assert.Equal(($"trade_cancel {nothing}", "broker PermissionDenied"), (problem.About, problem.Reason));

        // Tried again it fails again, and is a new problem.
        var trace = new CommandLine(federation, Story.B);
        Assert.Equal(0, (await trace.RunAsync("operator", "problems", "retry", problem.ProblemId)).Code);
        await Wait.UntilAsync(
            async () => (await ProblemAsync(b, ProblemKind.Notice)).ProblemId != problem.ProblemId, federation.Deadline);

        var (_, shown, _) = await trace.RunAsync("operator", "problems", "list");
        Assert.Contains($"{nothing}", shown, StringComparison.Ordinal);
        Assert.Contains("next: trace operator problems retry", shown, StringComparison.Ordinal);
        problem = await ProblemAsync(b, ProblemKind.Notice);
        Assert.Equal(0, (await trace.RunAsync("operator", "problems", "drop", problem.ProblemId)).Code);
        Assert.Equal(0, (await trace.RunAsync("operator", "problems", "drop", problem.ProblemId)).Code);
        Assert.DoesNotContain(await ProblemsAsync(b), one => one.Kind == ProblemKind.Notice);
        Assert.Equal(1, (await trace.RunAsync("operator", "problems", "retry", problem.ProblemId)).Code);
    }

    /// <summary>In the company itself: a customer that is away is none of it.</summary>
    [Fact]
    public async Task A_caller_learns_that_all_has_settled_in_its_own_company_and_nothing_about_others()
    {
        using var b = await federation.AtWorkAsync(Story.B);
        using var a = await federation.AtWorkAsync(Story.A);
        var (made, bought, _) = await a.DeliverAsync(b, "3", federation.Deadline);
        Assert.Equal(new() { Settled = true }, await SettlementAsync(a));

        await federation.Processes.StopAsync("node-B");
        try
        {
            await a.DeclareAsync(made, "4");
            Assert.Equal(new() { Settled = true }, await SettlementAsync(a));
            await federation.Processes.StopAsync("broker");
            try
            {
                await a.DeclareAsync(made, "5");
                var waiting = await SettlementAsync(a, seconds: 1);
                Assert.False(waiting.Settled);
                Assert.True(waiting.WaitingNotices > 0);
            }
            finally
            {
                await federation.Processes.StartBrokerAsync(federation.Deadline);
            }

            Assert.Equal(new() { Settled = true }, await SettlementAsync(a, seconds: 60));
        }
        finally
        {
            await federation.Processes.StartNodeAsync(Story.B, federation.Deadline);
        }

        using var back = await federation.AtWorkAsync(Story.B);
        await back.WaitForTotalAsync(bought, "5", federation.Deadline);
    }

    [Fact]
    public async Task A_total_that_waits_for_a_person_has_not_settled_and_one_for_later_is_not_waited_for()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var made = await c.RegisterAsync("waits", PartKind.Made);
        await c.DeclareAsync(made, "3");
        await c.Footprints.DeclareContributionAsync(
            new()
            {
                Contribution = new()
                {
                    TraceId = await c.RegisterAsync("for later", PartKind.Made),
                    ReferencePeriod = CompanyAtWork.Year,
                    Figures = new()
                    {
                        Stages = { new Contracts.Common.V1.StageFigure
                        {
                            Stage = Contracts.Common.V1.LifeCycleStage.MainProduction, Amount = "3",
                        } },
                    },
                    ValidUntilTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(
                        TimeProvider.System.GetUtcNow().AddDays(1)),
                },
            },
            c.Call);
        await c.Footprints.RequireApprovalAsync(new() { TraceId = made, Required = true }, c.Call);
        var trace = new CommandLine(federation, Story.C);

        var (code, _, errors) = await trace.RunAsync("footprint", "declare", made, "4", "--wait", "30");

        Assert.Equal(1, code);
        Assert.Contains("It is done, but has not settled: 1 waiting for approval", errors, StringComparison.Ordinal);
        Assert.Equal(
            new() { WaitingApprovals = 1 },
            await SettlementAsync(c));
        await c.Footprints.ApproveFootprintAsync(new() { TraceId = made }, c.Call);
        var settled = await trace.JsonAsync("operator", "settled", "--wait", "30");
        Assert.True(settled.GetProperty("settled").GetBoolean());
        var refused = await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => SettlementAsync(c, seconds: 61));
        Assert.Equal("INVALID_REQUEST", Refusals.Reason(refused));
    }

    private static async Task<GetSettlementResponse> SettlementAsync(CompanyAtWork company, int seconds = 30) =>
        await company.Footprints.GetSettlementAsync(new() { WaitSeconds = seconds }, company.Call);

    [Fact]
    public async Task A_message_that_cannot_be_read_holds_up_nothing_behind_it()
    {
        using var b = await federation.AtWorkAsync(Story.B);
        using var a = await federation.AtWorkAsync(Story.A);
        var message = new MailboxMessage
        {
            MessageId = $"{Guid.CreateVersion7()}",
            SenderOperatorId = $"{a.Company.OperatorId}",
            TradeId = "no id at all",
            TradeCancelled = new(),
        };
        await using (var source = NpgsqlDataSource.Create(federation.Processes.ConnectionString(federation.Processes.BrokerDatabase)))
        await using (var insert = source.CreateCommand(
            "insert into traceability.mailbox (message_id, recipient_id, trade_id, message) values ($1, $2, $1, $3)"))
        {
            insert.Parameters.AddWithValue(Guid.Parse(message.MessageId));
            insert.Parameters.AddWithValue(b.Company.OperatorId);
            insert.Parameters.AddWithValue(message.ToByteArray());
            await insert.ExecuteNonQueryAsync(federation.Deadline);
        }

        await a.DeliverAsync(b, "4", federation.Deadline);

        var problem = await ProblemAsync(b, ProblemKind.Message);
        Assert.Contains("TradeCancelled", problem.About, StringComparison.Ordinal);
        var problems = Client(b);
        await problems.RetryProblemAsync(new() { ProblemId = problem.ProblemId }, b.Call);
        await Wait.UntilAsync(
            async () => (await ProblemAsync(b, ProblemKind.Message)).ProblemId != problem.ProblemId,
            federation.Deadline);
        problem = await ProblemAsync(b, ProblemKind.Message);
        await problems.DropProblemAsync(new() { ProblemId = problem.ProblemId }, b.Call);
        Assert.DoesNotContain(await ProblemsAsync(b), one => one.Kind == ProblemKind.Message);
    }

    [Fact]
    public async Task A_roll_up_that_fails_keeps_nobody_from_declaring_and_is_done_once_its_cause_is_mended()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var (cell, pack) = (
            await c.RegisterAsync("cell", PartKind.Made), await c.RegisterAsync("pack", PartKind.Made));
        await c.ContainsAsync(pack, cell, "2");
        await c.DeclareAsync(pack, "1");
        await c.DeclareAsync(cell, "3");
        Assert.Equal("7", (await c.FootprintAsync(pack)).Figures.Total);

        await SetUnitAsync("no unit");
        await c.DeclareAsync(cell, "4");

        var problem = await ProblemAsync(c, ProblemKind.Recalculation);
        Assert.Contains(cell, problem.About, StringComparison.Ordinal);
        await SetUnitAsync("piece");
        Assert.Equal("7", (await c.FootprintAsync(pack)).Figures.Total);

        await Client(c).RetryProblemAsync(new() { ProblemId = problem.ProblemId }, c.Call);

        await c.WaitForTotalAsync(pack, "9", federation.Deadline);
        Assert.Empty(await ProblemsAsync(c));

        Task SetUnitAsync(string unit) => federation.Processes.ExecuteAsync(
            Databases.Of(c),
            $$"""
            update traceability.mt_doc_billofmaterials
            set data = replace(data::text, '"unit": "{{(unit == "piece" ? "no unit" : "piece")}}"', '"unit": "{{unit}}"')::jsonb
            where id = 'bom/{{pack}}'
            """,
            federation.Deadline);
    }

    private static ProblemService.ProblemServiceClient Client(CompanyAtWork company) => new(company.Channel);

    private static async Task<IReadOnlyList<Problem>> ProblemsAsync(CompanyAtWork company) =>
        (await Client(company).ListProblemsAsync(new(), company.Call)).Problems;

    private async Task<Problem> ProblemAsync(CompanyAtWork company, ProblemKind kind)
    {
        Problem? found = null;
        await Wait.UntilAsync(
            async () => (found = (await ProblemsAsync(company)).FirstOrDefault(one => one.Kind == kind)) is not null,
            federation.Deadline);
        return found!;
    }
}
