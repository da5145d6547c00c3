using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Scenarios;

/// <summary>A sells to B and to C, B sells to C: a change of A reaches C by two ways.</summary>
public class DiamondTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task Changes_that_arrive_together_make_one_new_version()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var foil = await a.RegisterAsync("foil", PartKind.Made);
        await a.DeclareAsync(foil, "1");
        var foilAtB = await b.RegisterAsync("foil from A", PartKind.Bought);
        var cell = await b.RegisterAsync("cell", PartKind.Made);
        await b.ContainsAsync(cell, foilAtB, "1");
        await b.DeclareAsync(cell, "2");
        await a.AnswerAsync(await b.RequestAsync(a.Company, foilAtB, ""), foil, federation.Deadline);
        string pack, foilAtC;
        long before;
        using (var c = await federation.AtWorkAsync(Story.C))
        {
            (pack, foilAtC) = (
                await c.RegisterAsync("pack", PartKind.Made), await c.RegisterAsync("foil from A", PartKind.Bought));
            var cellAtC = await c.RegisterAsync("cell from B", PartKind.Bought);
            await c.Parts.DeclareBillOfMaterialsAsync(
                new() { ParentTraceId = pack, Lines = { Line(foilAtC), Line(cellAtC) } }, c.Call);
            await c.DeclareAsync(pack, "10");
            await a.AnswerAsync(await c.RequestAsync(a.Company, foilAtC, ""), foil, federation.Deadline);
            await b.AnswerAsync(await c.RequestAsync(b.Company, cellAtC, ""), cell, federation.Deadline);
            before = (await c.WaitForTotalAsync(pack, "14", federation.Deadline)).Version;
        }

        await federation.Processes.StopAsync("node-C");
        await a.DeclareAsync(foil, "1.5");
        await WaitForMailAsync(2);
        await federation.Processes.StartNodeAsync(Story.C, federation.Deadline);

        using var again = await federation.AtWorkAsync(Story.C);
        var after = await again.WaitForTotalAsync(pack, "15", federation.Deadline);
        Assert.Equal(before + 1, after.Version);
        Assert.Equal(["0.5", "0.5"], after.Changes.Select(change => change.Effect));
    }

    private async Task WaitForMailAsync(int messages)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while ((await federation.RowsAsync(
            federation.Processes.BrokerDatabase, "select message_id::text from traceability.mailbox where message is not null")).Count < messages)
        {
            await timer.WaitForNextTickAsync(federation.Deadline);
        }
    }

    private static BillOfMaterialsLine Line(string child) =>
        new() { ChildTraceId = child, Quantity = new() { Amount = "1", Unit = "piece" } };
}
