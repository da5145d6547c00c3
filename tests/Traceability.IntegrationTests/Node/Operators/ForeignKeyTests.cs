using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Xunit;
using KeyEntry = Traceability.Proofs.Logs.KeyEntry;

namespace Traceability.IntegrationTests.Node.Operators;

/// <summary>Somebody has a company's token for the broker; and then its signing key, too.</summary>
public sealed class ForeignKeyTests(TwoNodes federation) : IClassFixture<TwoNodes>
{
    private readonly LiveFederation _live = federation.Live;

    [Fact]
    public async Task A_token_publishes_nothing_and_with_a_stolen_key_the_company_sees_it_and_seals_nothing()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        using var buyer = await _live.NewCompanyAsync("two");
        var (made, bought, _) = await supplier.DeliverAsync(buyer, "3", _live.Deadline);
        using var thief = await FederationClient.ForNodeAsync(_live.Processes, supplier.Company.Name, _live.Deadline);
        var directory = new DirectoryService.DirectoryServiceClient(thief.Channel);
        var stolen = PrivateKey.FromPkcs8(KeysByHand.Read(_live.Processes, supplier.Company, "one", "signing-0001.pem"));
        var key = PrivateKey.Create();
        var own = (await directory.GetOperatorAsync(
            new() { OperatorId = $"{supplier.Company.OperatorId}" }, thief.Call)).Operator;
        var entry = KeyChain.Read(
                supplier.Company.OperatorId,
                own.KeyEntries.Select(one => new SignedKeyEntry(
                    one.Entry.ToByteArray(), one.Possession.ToByteArray(), one.Continuity.ToByteArray())),
                KeyChain.RecoveryDelay)
            .Next(KeyAct.Publish, KeyUses.Sealing, key.Public.ToJwk(), TimeProvider.System.GetUtcNow());

        foreach (var by in new[] { null, key })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => PublishAsync(entry, by));
            Assert.Equal("KEY_NOT_PROVEN", Refusals.Reason(refused));
        }

        var withoutEntry = await Assert.ThrowsAsync<RpcException>(async () => await directory.PublishKeyAsync(
            new() { Use = KeyUse.Sealing, Jwk = entry.Jwk }, thief.Call));
        Assert.Equal("KEY_NOT_PROVEN", Refusals.Reason(withoutEntry));

        await PublishAsync(entry, stolen);
        var problems = new ProblemService.ProblemServiceClient(supplier.Channel);
        var alarm = await ProblemAsync("FOREIGN_KEY");
        Assert.Equal(ProblemKind.Key, alarm.Kind);
        await supplier.DeclareAsync(made, "4");
        var waiting = await ProblemAsync("KEY_NOT_PROVEN");
        Assert.Equal("3", (await buyer.FootprintAsync(bought)).Figures.Total);

        await problems.DropProblemAsync(new() { ProblemId = alarm.ProblemId }, supplier.Call);
        await problems.RetryProblemAsync(new() { ProblemId = waiting.ProblemId }, supplier.Call);
        await buyer.WaitForTotalAsync(bought, "4", _live.Deadline);

        async Task PublishAsync(KeyEntry published, PrivateKey? head)
        {
            var bytes = published.ToBytes();
            await directory.PublishKeyAsync(
                new()
                {
                    Use = KeyUse.Sealing,
                    Jwk = published.Jwk,
                    Entry = KeysByHand.ToWire(new(
                        bytes, KeyEntrySignature.Possession(key, bytes),
                        head is null ? [] : KeyEntrySignature.Continuity(head, bytes))),
                },
                thief.Call);
        }

        async Task<Problem> ProblemAsync(string reason)
        {
            Problem? found = null;
            await Wait.UntilAsync(
                async () =>
                {
                    found = (await problems.ListProblemsAsync(new(), supplier.Call)).Problems.FirstOrDefault(
                        one => one.Reason == reason);
                    return found is not null;
                },
                _live.Deadline);
            return found!;
        }
    }
}
