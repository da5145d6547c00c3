using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Parts;

/// <summary>No part goes into itself: from whatever door, at whatever time, however many ask at once.</summary>
public class BillTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task A_bill_for_later_that_would_close_a_circle_is_refused_from_both_doors()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var (one, other) = (
            await c.RegisterAsync("one", PartKind.Made), await c.RegisterAsync("other", PartKind.Made));
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(1).ToTimestamp();
        await c.Parts.DeclareBillOfMaterialsAsync(Bill(one, other, tomorrow), c.Call);

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await c.Parts.DeclareBillOfMaterialsAsync(Bill(other, one, null), c.Call));
        var imported = await c.ImportAsync(
            [new() { Sheet = "lines", Row = 2, Line = new() { Parent = other, Child = one, Amount = "1", Unit = "piece" } }],
            federation.Deadline);

        Assert.Equal("CYCLE", Refusals.Reason(refused));
        Assert.False(imported.Stored);
        Assert.Equal(refused.Status.Detail, Assert.Single(imported.Errors).Description);

        // The other way round: what holds today, against a bill for later.
        var (third, fourth) = (
            await c.RegisterAsync("third", PartKind.Made), await c.RegisterAsync("fourth", PartKind.Made));
        await c.ContainsAsync(third, fourth, "1");
        Assert.Equal("CYCLE", Refusals.Reason(await Assert.ThrowsAsync<RpcException>(async () =>
            await c.Parts.DeclareBillOfMaterialsAsync(Bill(fourth, third, tomorrow), c.Call))));
    }

    [Fact]
    public async Task Of_two_bills_that_cross_each_other_only_one_passes()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        for (var round = 0; round < 20; round++)
        {
            var (one, other) = (
                await c.RegisterAsync($"one {round}", PartKind.Made),
                await c.RegisterAsync($"other {round}", PartKind.Made));

            var answers = await Task.WhenAll(TryAsync(Bill(one, other, null)), TryAsync(Bill(other, one, null)));

            Assert.Equal(["", "CYCLE"], answers.Order(StringComparer.Ordinal));
        }

        async Task<string> TryAsync(DeclareBillOfMaterialsRequest bill)
        {
            try
            {
                await c.Parts.DeclareBillOfMaterialsAsync(bill, c.Call);
                return "";
            }
            catch (RpcException refused)
            {
                return Refusals.Reason(refused);
            }
        }
    }

    [Fact]
    public async Task Parts_are_found_by_number_by_name_and_by_id()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        List<string> ids = [];
        for (var number = 0; number < 5; number++)
        {
            var part = new Part
            {
                TraceId = $"{Guid.CreateVersion7()}",
                PartNumber = $"F-{number}",
                Name = "found",
                Kind = PartKind.Made,
                DeclaredUnit = "piece",
            };
            await a.Parts.RegisterPartAsync(new() { Part = part }, a.Call);
            ids.Add(part.TraceId);
        }

        Assert.Equal([ids[3]], await FindAsync(new() { NameOrNumber = "F-3" }));
        Assert.Equal(ids.Order(StringComparer.Ordinal), await FindAsync(new() { NameOrNumber = "found" }));
        Assert.Equal([ids[1]], await FindAsync(new() { TraceIds = { ids[1], $"{Guid.CreateVersion7()}" } }));
        Assert.Equal([ids[1]], await FindAsync(new() { TraceIds = { ids[1] }, NameOrNumber = "found" }));
        Assert.Empty(await FindAsync(new() { NameOrNumber = "foun" }));
        Assert.Equal(
            ["name_or_number"],
            Refusals.Violations(await Assert.ThrowsAsync<RpcException>(() => FindAsync(new()))).Select(one => one.Field));

        // Page by page it is the same.
        var first = await a.Parts.FindPartsAsync(new() { NameOrNumber = "found", PageSize = 3 }, a.Call);
        var rest = await a.Parts.FindPartsAsync(
            new() { NameOrNumber = "found", PageSize = 3, PageToken = first.NextPageToken }, a.Call);
        Assert.Equal(
            ids.Order(StringComparer.Ordinal), first.Parts.Concat(rest.Parts).Select(part => part.TraceId));
        Assert.Empty(rest.NextPageToken);

        async Task<IEnumerable<string>> FindAsync(FindPartsRequest request) =>
            (await a.Parts.FindPartsAsync(request, a.Call)).Parts.Select(part => part.TraceId);
    }

    private static DeclareBillOfMaterialsRequest Bill(string parent, string child, Timestamp? validFrom) => new()
    {
        ParentTraceId = parent,
        Lines = { new BillOfMaterialsLine { ChildTraceId = child, Quantity = new() { Amount = "1", Unit = "piece" } } },
        ValidFromTime = validFrom,
    };
}
