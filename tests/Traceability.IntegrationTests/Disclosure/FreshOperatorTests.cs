using Google.Protobuf;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Disclosure;

/// <summary>Default is no: a new member with a valid token, beside companies at work, on the node of one of them.</summary>
public sealed class FreshOperatorTests(FreshOperator federation) : IClassFixture<FreshOperator>
{
    private readonly LiveFederation _live = federation.Live;

    [Fact]
    public async Task A_fresh_operator_reads_exactly_its_own_things()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        using var fresh = await _live.AtWorkAsync("fresh");
        var made = (await supplier.DeliverAsync(buyer, "6", _live.Deadline)).Made;
        var own = await fresh.RegisterAsync("own", PartKind.Made);

        Assert.Equal([own], (await fresh.Parts.ListPartsAsync(new(), fresh.Call)).Parts.Select(part => part.TraceId));
        Empty(await fresh.Trades.ListTradesAsync(new(), fresh.Call));
        Empty(await fresh.Trades.ListRemindersAsync(new(), fresh.Call));
        var progress = await fresh.Trades.GetTradeProgressAsync(new(), fresh.Call);
        Empty(progress.AsBuyer);
        Empty(progress.AsSupplier);
        Empty(await fresh.Releases.ListDisclosuresAsync(new(), fresh.Call));
        var keys = await new KeyService.KeyServiceClient(fresh.Channel).ListKeysAsync(new(), fresh.Call);
        Assert.Equal(["sealing", "signing"], keys.Keys.Select(key => key.Use).Order(StringComparer.Ordinal));
        using var export = fresh.Imports.ExportRecords(new(), fresh.Call);
        while (await export.ResponseStream.MoveNext(_live.Deadline))
        {
            Assert.All(export.ResponseStream.Current.Rows, row =>
                Assert.DoesNotContain(made, row.ToString(), StringComparison.Ordinal));
        }

        using var node = await FederationClient.ForNodeAsync(_live.Processes, "fresh", _live.Deadline);
        var log = new LogService.LogServiceClient(node.Channel);
        Empty(await log.ListAccessAsync(new(), node.Call));
        Empty(await log.ListDecisionsAsync(new(), node.Call));
    }

    [Fact]
    public async Task Decisions_are_read_by_those_they_concern_and_by_the_auditor_of_the_federation()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        var trade = (await supplier.DeliverAsync(buyer, "6", _live.Deadline)).Trade;

        using var auditor = await FederationClient.ForFederationAuditorAsync(_live.Processes, _live.Deadline);
        var seen = new Dictionary<string, Decision>();
        foreach (var name in new[] { "supplier", "buyer" })
        {
            using var node = await FederationClient.ForNodeAsync(_live.Processes, name, _live.Deadline);
            seen[name] = Assert.Single(await DecisionsAsync(node, ""), one => one.TradeId == trade && one.Disclosed);
        }

        seen["auditor"] = Assert.Single(await DecisionsAsync(auditor, ""), one => one.TradeId == trade && one.Disclosed);
        Assert.Single(seen.Values.Distinct());
        Assert.Empty(await DecisionsAsync(auditor, $"{_live.Processes.Company("fresh").OperatorId}"));
    }

    /// <summary>To those that it does not know, a member that is not listed is as one that there is not.</summary>
    [Fact]
    public async Task A_member_that_is_not_listed_does_not_exist_for_strangers()
    {
        using var hidden = await _live.NewCompanyAsync("one", listed: false);
        using var buyer = await _live.AtWorkAsync("buyer");
        using var node = await FederationClient.ForNodeAsync(_live.Processes, "buyer", _live.Deadline);
        var directory = new DirectoryService.DirectoryServiceClient(node.Channel);
        var bought = await buyer.RegisterAsync("bought", PartKind.Bought);
        var letter = new RequestTradeCase(node, bought);

        foreach (var ask in new Func<string, Task>[]
        {
            async id => await directory.GetOperatorAsync(new() { OperatorId = id }, node.Call),
            letter.AskBrokerAsync,
            async id => await buyer.Trades.RequestTradeAsync(letter.Of(id), buyer.Call),
        })
        {
            var unknown = await Refusals.AnswerAsync(ask, $"{Guid.CreateVersion7()}");
            Assert.StartsWith("PermissionDenied", unknown, StringComparison.Ordinal);
            Assert.Equal(unknown, await Refusals.AnswerAsync(ask, $"{hidden.Company.OperatorId}"));
        }

        Assert.DoesNotContain(hidden.Company.Name, $"{await directory.ListOperatorsAsync(new(), node.Call)}", StringComparison.Ordinal);
        Assert.DoesNotContain(await PartnersAsync(buyer), one => one.OperatorId == $"{hidden.Company.OperatorId}");
        Assert.Contains(await PartnersAsync(buyer), one => one.Name == "Company supplier");
    }

    [Fact]
    public async Task An_invitation_makes_two_members_known_to_each_other_and_is_good_for_one()
    {
        using var hidden = await _live.NewCompanyAsync("one", listed: false);
        using var invited = await _live.NewCompanyAsync("two", listed: false);
        using var other = await _live.NewCompanyAsync("two", listed: false);
        var code = (await Partners(hidden).InvitePartnerAsync(new(), hidden.Call)).Code;

        var accepted = await Partners(invited).AcceptInvitationAsync(new() { Code = code.ToLowerInvariant() }, invited.Call);

        Assert.Equal($"{hidden.Company.OperatorId}", accepted.Partner.OperatorId);
        Assert.Equal(accepted, await Partners(invited).AcceptInvitationAsync(new() { Code = code }, invited.Call));
        Task Accept(string shown) => Partners(other).AcceptInvitationAsync(new() { Code = shown }, other.Call).ResponseAsync;
        Assert.Equal(
            await Refusals.AnswerAsync(Accept, "ABCDE-FGHJK-MNPQR-STUVW"), await Refusals.AnswerAsync(Accept, code));
        Assert.Contains(await PartnersAsync(hidden), one => one.OperatorId == $"{invited.Company.OperatorId}");
        Assert.DoesNotContain(await PartnersAsync(other), one => one.OperatorId == $"{hidden.Company.OperatorId}");
        var delivery = await hidden.DeliverAsync(invited, "6", _live.Deadline);
        await invited.WaitForTotalAsync(delivery.Bought, "6", _live.Deadline);
    }

    [Fact]
    public async Task Who_knows_the_exact_business_number_finds_its_company_and_whoever_tries_them_all_is_stopped()
    {
        using var hidden = await _live.NewCompanyAsync("one", listed: false, "JP-CN:1180301018771");
        using var buyer = await _live.NewCompanyAsync("two", listed: false);

        var found = await Partners(buyer).FindPartnerAsync(new() { BusinessNumber = "jp-cn: 1-1803-0101-8771" }, buyer.Call);

        Assert.Equal($"{hidden.Company.OperatorId}", found.Partner.OperatorId);
        Assert.Contains(await PartnersAsync(hidden), one => one.OperatorId == $"{buyer.Company.OperatorId}");
        var wrong = await Assert.ThrowsAsync<RpcException>(async () =>
            await Partners(buyer).FindPartnerAsync(new() { BusinessNumber = "JP-CN:1180301018772" }, buyer.Call));
        Assert.Contains("check digits", Assert.Single(Refusals.Violations(wrong)).Description, StringComparison.Ordinal);
        for (var attempt = 1; attempt <= 20; attempt++)
        {
            var nobody = await Assert.ThrowsAsync<RpcException>(async () =>
                await Partners(buyer).FindPartnerAsync(new() { BusinessNumber = $"DUNS:{attempt:000000000}" }, buyer.Call));
            Assert.Equal("NOT_DISCLOSED", Refusals.Reason(nobody));
        }

        var stopped = await Assert.ThrowsAsync<RpcException>(async () =>
            await Partners(buyer).FindPartnerAsync(new() { BusinessNumber = "JP-CN:1180301018771" }, buyer.Call));
        Assert.Equal("LIMIT_EXCEEDED", Refusals.Reason(stopped));
    }

    [Fact]
    public async Task Who_takes_itself_off_the_list_is_still_seen_by_its_partners()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        using var buyer = await _live.NewCompanyAsync("two");
        using var fresh = await _live.AtWorkAsync("fresh");
        var delivery = await supplier.DeliverAsync(buyer, "6", _live.Deadline);
        var id = $"{supplier.Company.OperatorId}";
        Assert.Contains(await PartnersAsync(fresh), one => one.OperatorId == id);

        var changed = await Partners(supplier).ChangeListingAsync(new() { Listed = false }, supplier.Call);

        Assert.False(changed.Partner.Listed);
        Assert.DoesNotContain(await PartnersAsync(fresh), one => one.OperatorId == id);
        Assert.Contains(await PartnersAsync(buyer), one => one.OperatorId == id);
        await supplier.DeclareAsync(delivery.Made, "7");
        await buyer.WaitForTotalAsync(delivery.Bought, "7", _live.Deadline);
    }

    private static PartnerService.PartnerServiceClient Partners(CompanyAtWork company) => new(company.Channel);

    private static async Task<IEnumerable<Partner>> PartnersAsync(CompanyAtWork company) =>
        (await Partners(company).ListPartnersAsync(new() { PageSize = 1000 }, company.Call)).Partners;

    /// <summary>A request that is right but for whom it goes to.</summary>
    private sealed class RequestTradeCase(FederationClient node, string bought)
    {
        private readonly string _trade = $"{Guid.CreateVersion7()}";

        public Traceability.Contracts.Node.V1.RequestTradeRequest Of(string supplier) => new()
        {
            TradeId = _trade,
            SupplierOperatorId = supplier,
            DownstreamTraceId = bought,
        };

        public async Task AskBrokerAsync(string supplier) =>
            await new Traceability.Contracts.Broker.V1.TradeService.TradeServiceClient(node.Channel).RequestTradeAsync(
                new() { TradeId = _trade, SupplierOperatorId = supplier, SealedLetter = "sealed" }, node.Call);
    }

    private static async Task<IEnumerable<Decision>> DecisionsAsync(FederationClient client, string operatorId) =>
        (await new LogService.LogServiceClient(client.Channel)
            .ListDecisionsAsync(new() { OperatorId = operatorId }, client.Call)).Decisions;

    /// <summary>Nothing in it: no entry, no page, no count but zero.</summary>
    private static void Empty(IMessage answer) => Assert.True(answer.CalculateSize() == 0, $"{answer}");
}

/// <summary>Two at work, and one that does nothing.</summary>
public sealed class FreshOperator()
    : ClassFederation([new("supplier", "one"), new("fresh", "one"), new("buyer", "two")]);
