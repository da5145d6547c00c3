using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Node.V1;
using Traceability.Evidence;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Audit;

/// <summary>Auditors of other firms see what they were granted; everything else does not exist for them.</summary>
public sealed class AuditGrantTests(AuditedFederation federation) : IClassFixture<AuditedFederation>, IAsyncLifetime
{
    private const string SecretName = "cathode of a secret recipe";

    // As long as this, no time of day looks like one of them. Two cells and what is added are 11, and then 12.
    private const string SecretCell = "3.2504817";
    private const string SecretOwn = "4.4990366";
    private const string SecretOwnLater = "5.4990366";

    private readonly LiveFederation _live = federation.Live;
    private CompanyAtWork _maker = null!;
    private FederationClient _auditor = null!;
    private string _module = "";
    private long _version;
    private string _neighbour = "";

    public async Task InitializeAsync()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var customer = await _live.AtWorkAsync("customer");
        // Grants, reads and figures are of one maker, and each test has its own.
        _maker = await _live.NewCompanyAsync("two");
        _auditor = await AuditorAsync("auditor", _maker.Company.Name);
        var (cell, bought) = (
            await supplier.RegisterAsync("cell", PartKind.Made), await _maker.RegisterAsync(SecretName, PartKind.Bought));
        _module = await _maker.RegisterAsync("module", PartKind.Made);
        _neighbour = await _maker.RegisterAsync("neighbour", PartKind.Made);
        var pack = await customer.RegisterAsync("module", PartKind.Bought);
        await supplier.DeclareAsync(cell, SecretCell);
        await _maker.ContainsAsync(_module, bought, "2");
        await _maker.DeclareAsync(_module, SecretOwn);
        await _maker.DeclareAsync(_neighbour, "1");
        await supplier.AnswerAsync(await _maker.RequestAsync(supplier.Company, bought, ""), cell, _live.Deadline);
        _version = (await _maker.WaitForTotalAsync(_module, "11", _live.Deadline)).Version;
        await _maker.AnswerAsync(await customer.RequestAsync(_maker.Company, pack, ""), _module, _live.Deadline);
        await customer.WaitForTotalAsync(pack, "11", _live.Deadline);
        await _maker.DeclareAsync(_module, SecretOwnLater);
        await customer.WaitForTotalAsync(pack, "12", _live.Deadline);
    }

    [Fact]
    public async Task Without_a_grant_that_covers_it_an_auditor_gets_the_strangers_answer()
    {
        using var rival = await AuditorAsync("rival", _maker.Company.Name);
        using var elsewhere = await AuditorAsync("auditor", "supplier");
        var stranger = await AnswersAsync(_auditor, $"{Guid.CreateVersion7()}", $"{Guid.CreateVersion7()}");
        var maker = $"{_maker.Company.OperatorId}";
        Assert.All(stranger, answer => Assert.StartsWith("PermissionDenied", answer, StringComparison.Ordinal));

        await StrangerAsync("without a grant", _auditor, _module);
        var claim = await GrantAsync(_module, version: _version);
        await StrangerAsync("for another version", _auditor, _module, _version + 1);
        await StrangerAsync("for the neighbouring part", _auditor, _neighbour);
        await StrangerAsync("for a part that is bought", _auditor, await BoughtAsync());
        await StrangerAsync("of another firm", rival, _module);
        await StrangerAsync("at the neighbour's node", elsewhere, _module);
        await new AuditService.AuditServiceClient(_maker.Channel).RevokeAuditGrantAsync(
            new() { GrantId = claim.GrantId }, _maker.Call);
        await StrangerAsync("after the revocation", _auditor, _module);
        var brief = await GrantAsync(_module, until: TimeSpan.FromSeconds(3));
        Assert.Equal([brief.GrantId], await GrantedAsync(_auditor));
        await Wait.UntilAsync(async () => (await GrantedAsync(_auditor)).Count == 0, _live.Deadline);
        await StrangerAsync("after the end", _auditor, _module);

        async Task StrangerAsync(string what, FederationClient who, string part, long version = 0) =>
            Assert.Equal((what, stranger), (what, await AnswersAsync(who, maker, part, version)), Same);
    }

    [Fact]
    public async Task A_clerk_of_another_firm_is_no_auditor_and_an_auditor_is_no_clerk()
    {
        await GrantAsync(_module);
        // Even one that the federation has let into the node.
        var processes = _live.Processes;
        await processes.AllowAsync(
            processes.Company("auditor"), [processes.Node("auditor"), processes.Node(_maker.Company.Name)], _live.Deadline);
        using var clerk = await FederationClient.ForClerkAsync(
            processes, "auditor", _maker.Company.Name, _live.Deadline);
        var maker = $"{_maker.Company.OperatorId}";

        Assert.Equal(
            await AnswersAsync(clerk, $"{Guid.CreateVersion7()}", $"{Guid.CreateVersion7()}"),
            await AnswersAsync(clerk, maker, _module));
        var part = await Assert.ThrowsAsync<RpcException>(async () =>
            await new PartService.PartServiceClient(_auditor.Channel).ListPartsAsync(new(), _auditor.Call));
        Assert.Equal("ROLE_MISSING", Refusals.Reason(part));
        var grant = await Assert.ThrowsAsync<RpcException>(async () =>
            await new AuditService.AuditServiceClient(_auditor.Channel).ListAuditReadsAsync(new(), _auditor.Call));
        Assert.Equal("ROLE_MISSING", Refusals.Reason(grant));
    }

    [Fact]
    public async Task With_the_bill_of_materials_a_claim_is_seen_down_to_what_suppliers_sent()
    {
        await GrantAsync(_module, version: _version, withBill: true);

        var replay = await ReplayAsync(_module);
        var bundle = AuditBundle.FromZip(await BundleAsync(_module));

        var version = Assert.Single(replay, one => one.Version is not null).Version;
        Assert.Equal((_version, "11", true), (version.Version, version.Replayed.Total, version.Agrees));
        Assert.Equal([SecretOwn, SecretCell], version.Sources.Select(source => source.Amount));
        Assert.NotEmpty(version.Sources[1].Presentation);
        var report = BundleVerifier.Verify(bundle);
        Assert.True(report.Good, string.Join("; ", report.Checks));
        Assert.Equal("11", report.Total);

        // What came later is not part of the claim.
        Assert.DoesNotContain(replay, one => one.Event?.Data.Contains(SecretOwnLater, StringComparison.Ordinal) == true);
        Assert.DoesNotContain(bundle.Events, one => one.Event.Data.Contains(SecretOwnLater, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_the_bill_of_materials_nothing_shows_what_the_total_is_made_of()
    {
        await GrantAsync(_module);

        var replay = await ReplayAsync(_module);
        var zip = await BundleAsync(_module);
        var bundle = AuditBundle.FromZip(zip);

        var report = BundleVerifier.Verify(bundle);
        Assert.True(report.Good, string.Join("; ", report.Checks));
        Assert.Equal("12", report.Total);
        Assert.Equal("12", replay.Last(one => one.Version is not null).Version.Stored.Total);
        Assert.True(replay.Last(one => one.Version is not null).Version.Agrees);
        var shown = string.Join('\n', replay) + string.Join('\n', bundle.Events) + bundle.Manifest
            + string.Join('\n', bundle.Events.Select(one => Encoded.Decoded(one.Event.Data)));
        Assert.Contains("module", shown, StringComparison.Ordinal);
        Assert.All(
            [SecretName, await BoughtAsync(), SecretCell, SecretOwn, SecretOwnLater, $"{_live.Processes.Company("supplier").OperatorId}"],
            secret => Assert.DoesNotContain(secret, shown, StringComparison.Ordinal));

        // What was withheld is still proven to be logged; a changed place is found.
        var changed = bundle with { Manifest = bundle.Manifest with { Version = bundle.Manifest.Version + 1 } };
        Assert.False(BundleVerifier.Verify(changed).Good);
        var dropped = bundle with { Events = [.. bundle.Events.Where(one => one.Event.Type != "contribution_revised")] };
        Assert.False(BundleVerifier.Verify(dropped).Good);
    }

    [Fact]
    public async Task The_company_sees_what_was_read_and_by_whom()
    {
        var grant = await GrantAsync(_module, version: _version, withBill: true);
        await ReplayAsync(_module);
        await BundleAsync(_module);

        var audit = new AuditService.AuditServiceClient(_maker.Channel);
        var reads = (await audit.ListAuditReadsAsync(new(), _maker.Call)).Reads;
        Assert.Equal(
            [("bundle", _module, _version, grant.GrantId), ("replay", _module, _version, grant.GrantId)],
            reads.Select(one => (one.What, one.TraceId, one.Version, one.GrantId)));
        Assert.All(reads, one => Assert.Equal($"{_live.Processes.Company("auditor").OperatorId}", one.AuditorOperatorId));
        var by = await _live.RowsAsync(
            _maker, "select distinct user_name from traceability.mt_events where type = 'audit_grant_used'");
        Assert.Equal(["audit-auditor"], by);

        // Said twice is granted once; another grant under the same id is refused.
        await audit.GrantAuditAsync(new() { Grant = grant }, _maker.Call);
        Assert.Single((await audit.ListAuditGrantsAsync(new(), _maker.Call)).Grants);
        var other = new AuditGrant(grant) { Version = 1 };
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await audit.GrantAuditAsync(new() { Grant = other }, _maker.Call));
        Assert.Equal("ALREADY_EXISTS", Refusals.Reason(refused));
        var wrong = await Assert.ThrowsAsync<RpcException>(async () => await audit.GrantAuditAsync(
            new() { Grant = new() { GrantId = "x", TraceId = "y", Version = -1 } }, _maker.Call));
        Assert.Equal(
            ["grant.grant_id", "grant.auditor_operator_id", "grant.trace_id", "grant.version", "grant.valid_until_time"],
            Refusals.Violations(wrong).Select(one => one.Field));
    }

    public Task DisposeAsync()
    {
        _auditor.Dispose();
        _maker.Dispose();
        return Task.CompletedTask;
    }

    private Task<FederationClient> AuditorAsync(string firm, string company) =>
        FederationClient.ForExternalAuditorAsync(_live.Processes, firm, company, _live.Deadline);

    private async Task<string> BoughtAsync() =>
        (await _maker.Parts.ListPartsAsync(new(), _maker.Call)).Parts.Single(part => part.Name == SecretName).TraceId;

    private async Task<AuditGrant> GrantAsync(
        string part, long version = 0, bool withBill = false, TimeSpan? until = null)
    {
        var grant = new AuditGrant
        {
            GrantId = $"{Guid.CreateVersion7()}",
            AuditorOperatorId = $"{_live.Processes.Company("auditor").OperatorId}",
            TraceId = part,
            Version = version,
            WithBillOfMaterials = withBill,
            ValidUntilTime = (TimeProvider.System.GetUtcNow() + (until ?? TimeSpan.FromDays(1))).ToTimestamp(),
        };
        return (await new AuditService.AuditServiceClient(_maker.Channel).GrantAuditAsync(
            new() { Grant = grant }, _maker.Call)).Grant;
    }

    private async Task<IReadOnlyList<string>> GrantedAsync(FederationClient auditor)
    {
        var request = new ListAuditGrantsRequest { OperatorId = $"{_maker.Company.OperatorId}" };
        var answer = await new AuditService.AuditServiceClient(auditor.Channel).ListAuditGrantsAsync(
            request, auditor.Call);
        return [.. answer.Grants.Select(grant => grant.GrantId)];
    }

    /// <summary>What an auditor is answered to everything it can ask.</summary>
    private static async Task<string[]> AnswersAsync(
        FederationClient who, string company, string part, long version = 0)
    {
        var audit = new AuditService.AuditServiceClient(who.Channel);
        return
        [
            await Refusals.AnswerAsync(
                async id =>
                {
                    using var replay = audit.ReplayFootprint(
                        new() { TraceId = id, OperatorId = company, Version = version }, who.Call);
                    await replay.ResponseStream.MoveNext(CancellationToken.None);
                },
                part),
            await Refusals.AnswerAsync(
                async id =>
                {
                    using var export = audit.ExportBundle(
                        new() { TraceId = id, OperatorId = company, Version = version }, who.Call);
                    await export.ResponseStream.MoveNext(CancellationToken.None);
                },
                part),
        ];
    }

    private static bool Same((string What, string[] Answers) one, (string What, string[] Answers) other) =>
        one.Answers.SequenceEqual(other.Answers);

    private async Task<IReadOnlyList<ReplayFootprintResponse>> ReplayAsync(string part)
    {
        using var replay = new AuditService.AuditServiceClient(_auditor.Channel).ReplayFootprint(
            new() { TraceId = part, OperatorId = $"{_maker.Company.OperatorId}" }, _auditor.Call);
        List<ReplayFootprintResponse> all = [];
        await foreach (var one in replay.ResponseStream.ReadAllAsync(_live.Deadline))
        {
            all.Add(one);
        }

        return all;
    }

    private async Task<byte[]> BundleAsync(string part)
    {
        using var export = new AuditService.AuditServiceClient(_auditor.Channel).ExportBundle(
            new() { TraceId = part, OperatorId = $"{_maker.Company.OperatorId}" }, _auditor.Call);
        using var bytes = new MemoryStream();
        await foreach (var one in export.ResponseStream.ReadAllAsync(_live.Deadline))
        {
            one.Chunk.WriteTo(bytes);
        }

        return bytes.ToArray();
    }
}

/// <summary>A supplier, a customer and two firms of auditors, around a maker of each test.</summary>
public sealed class AuditedFederation() : ClassFederation(
    [new("supplier", "one"), new("customer", "two"), new("auditor", "two"), new("rival", "two")]);
