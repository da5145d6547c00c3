using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Common.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Traceability.Tests;
using Xunit;

namespace Traceability.IntegrationTests.Disclosure;

/// <summary>
/// Every case of tests/cases/disclosure that can be reached, against a live broker; and after each, whether the
/// report of who can see what agrees with the answer.
/// </summary>
public sealed class BrokerMatrixTests : IAsyncLifetime
{
    private static readonly string[] Names = ["supplier", "buyer", "stranger", "neighbour", "other_customer"];

    private readonly Dictionary<string, FederationClient> _clients = [];
    private LiveFederation _live = null!;
    private FederationClient _administrator = null!;

    public async Task InitializeAsync()
    {
        // Operators without nodes: nobody but the test acts in their names.
        _live = await LiveFederation.StartAsync([.. Names.Select(name => new Place(name, "idle", Later: true))]);
        await _live.EnrolAsync();
        _administrator = await FederationClient.ForAdministratorAsync(_live.Processes, _live.Deadline);
        foreach (var name in Names)
        {
            _clients.Add(name, await FederationClient.ForNodeAsync(_live.Processes, name, _live.Deadline));
        }
    }

    [Fact]
    public async Task Every_case_is_answered_as_it_says_and_the_report_agrees()
    {
        List<string> wrong = [];
        var reached = 0;
        foreach (var one in DisclosureCaseFile.All.Where(IsReachable))
        {
            reached++;
            var trade = await ReachAsync(one);
            var answer = await AskAsync(one, trade);
            var right = one.Expect.Refused ?? "taken";
            if (answer != right)
            {
                wrong.Add($"{one.Name}: {answer} instead of {right}");
            }

            if (await ReportAsync(trade) != string.Join(",", Visible(one)))
            {
                wrong.Add($"{one.Name}: the report says {await ReportAsync(trade)}");
            }

            await ReinstateAsync(one);
        }

        Assert.Empty(wrong);
        Assert.True(reached >= 150, $"{reached} cases");
    }

    public async Task DisposeAsync()
    {
        _clients.Values.ToList().ForEach(client => client.Dispose());
        _administrator.Dispose();
        await _live.DisposeAsync();
    }

    /// <summary>A release needs an accepted trade; the others are for the pure function only.</summary>
    private static bool IsReachable(DisclosureCaseFile one) =>
        one.Release is null || one.Trade is "accepted" or "ended";

    /// <summary>What the buyer could be shown under the release's own purpose, whatever the question was for.</summary>
    private static IEnumerable<string> Visible(DisclosureCaseFile one) =>
        one.Trade == "accepted" && one.Release is { Revoked: false } release && (release.UntilSeconds ?? 1) > 0
        && one.Suspended is null or []
            ? release.Fields.Order(StringComparer.Ordinal)
            : [];

    private async Task<string> ReachAsync(DisclosureCaseFile one)
    {
        var trade = Guid.CreateVersion7().ToString();
        var (buyer, supplier) = (_clients["buyer"], _clients["supplier"]);
        var (asking, answering) = (
            new TradeService.TradeServiceClient(buyer.Channel), new TradeService.TradeServiceClient(supplier.Channel));
        if (one.Trade == "none")
        {
            return trade;
        }

        await asking.RequestTradeAsync(
            new() { TradeId = trade, SupplierOperatorId = IdOf("supplier"), SealedLetter = "sealed" }, buyer.Call);
        switch (one.Trade)
        {
            case "rejected":
                await answering.RejectTradeAsync(new() { TradeId = trade }, supplier.Call);
                break;
            case "cancelled":
                await asking.CancelTradeAsync(new() { TradeId = trade }, buyer.Call);
                break;
            case "accepted" or "ended":
                await answering.AcceptTradeAsync(new() { TradeId = trade, PartRef = "ref" }, supplier.Call);
                break;
        }

        await ReleaseAsync(one, trade);
        if (one.Trade == "ended")
        {
            await answering.EndTradeAsync(new() { TradeId = trade }, supplier.Call);
        }

        foreach (var who in one.Suspended ?? [])
        {
            await new DirectoryService.DirectoryServiceClient(_administrator.Channel)
                .SuspendOperatorAsync(new() { OperatorId = IdOf(who) }, _administrator.Call);
        }

        return trade;
    }

    private async Task ReleaseAsync(DisclosureCaseFile one, string trade)
    {
        if (one.Release is not { } release)
        {
            return;
        }

        var supplier = _clients["supplier"];
        var releases = new ReleaseService.ReleaseServiceClient(supplier.Channel);
        await releases.GrantReleaseAsync(
            new()
            {
                TradeId = trade,
                Fields =
                {
                    release.Fields.Select(field => System.Enum.Parse<FootprintField>(field, ignoreCase: true)),
                },
                Purpose = release.Purpose,
                ValidUntilTime = release.UntilSeconds is { } seconds ? Until(seconds) : null,
                Revision = 1,
            },
            supplier.Call);
        if (release.Revoked)
        {
            await releases.RevokeReleaseAsync(new() { TradeId = trade, Revision = 2 }, supplier.Call);
        }
    }

    /// <summary>"A second before" is for the pure function; here the clock runs, and it is an hour.</summary>
    private static Timestamp Until(int seconds) =>
        TimeProvider.System.GetUtcNow().AddSeconds(seconds > 0 ? 3600 : seconds - 1).ToTimestamp();

    private async Task<string> AskAsync(DisclosureCaseFile one, string trade)
    {
        var caller = _clients[one.Caller];
        try
        {
            await new ExchangeService.ExchangeServiceClient(caller.Channel).SubmitDisclosureAsync(
                new()
                {
                    MessageId = Guid.CreateVersion7().ToString(),
                    TradeId = trade,
                    Purpose = one.Purpose,
                    SealedStatement = "sealed",
                },
                caller.Call);
            return "taken";
        }
        catch (RpcException refused)
        {
            return Refusals.Reason(refused);
        }
    }

    private async Task<string> ReportAsync(string trade)
    {
        var log = new LogService.LogServiceClient(_administrator.Channel);
        var request = new ListAccessRequest { OperatorId = IdOf("buyer"), PageSize = 1000 };
        var accesses = (await log.ListAccessAsync(request, _administrator.Call)).Accesses;
        return string.Join(",", accesses.Where(access => access.TradeId == trade)
            .SelectMany(access => access.Fields).Select(field => field.ToString().ToLowerInvariant())
            .Order(StringComparer.Ordinal));
    }

    private async Task ReinstateAsync(DisclosureCaseFile one)
    {
        foreach (var who in one.Suspended ?? [])
        {
            await new DirectoryService.DirectoryServiceClient(_administrator.Channel)
                .ReinstateOperatorAsync(new() { OperatorId = IdOf(who) }, _administrator.Call);
        }
    }

    private string IdOf(string name) => _live.Processes.Company(name).OperatorId.ToString();
}
