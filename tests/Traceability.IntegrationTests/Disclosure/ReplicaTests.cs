using Google.Protobuf;
using Grpc.Core;
using Npgsql;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Common.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Disclosure;

/// <summary>Two brokers over one database, and operators without nodes: nobody but the test acts in their
/// names.</summary>
public sealed class ReplicaTests : IAsyncLifetime
{
    private const int Rounds = 40;

    private LiveFederation _live = null!;

    public async Task InitializeAsync()
    {
        _live = await LiveFederation.StartAsync([new("supplier", "idle", Later: true), new("buyer", "idle", Later: true)]);
        await _live.EnrolAsync();
    }

    [Fact]
    public async Task A_revocation_that_one_replica_has_acknowledged_holds_at_the_other()
    {
        var replica = await _live.Processes.StartReplicaAsync(_live.Deadline);
        using var supplier = await FederationClient.ForNodeAsync(_live.Processes, "supplier", _live.Deadline);
        using var buyer = await FederationClient.ForNodeAsync(_live.Processes, "buyer", _live.Deadline);
        using var elsewhere = FederationClient.Connect(
            _live.Processes, replica, supplier.Token,
            _live.Processes.CertificateOf(_live.Processes.Company("supplier").OperatorId));
        var trade = Guid.CreateVersion7().ToString();
        await new TradeService.TradeServiceClient(buyer.Channel).RequestTradeAsync(
            new()
            {
                TradeId = trade,
                SupplierOperatorId = $"{_live.Processes.Company("supplier").OperatorId}",
                SealedLetter = "sealed",
            },
            buyer.Call);
        await new TradeService.TradeServiceClient(elsewhere.Channel).AcceptTradeAsync(
            new() { TradeId = trade, PartRef = "ref" }, elsewhere.Call);

        for (var round = 0; round < Rounds; round++)
        {
            var (one, other) = round % 2 == 0 ? (supplier, elsewhere) : (elsewhere, supplier);
            await new ReleaseService.ReleaseServiceClient(one.Channel).GrantReleaseAsync(
                new()
                {
                    TradeId = trade,
                    Fields = { FootprintField.Total },
                    Purpose = "audit",
                    Revision = (2 * round) + 1,
                },
                one.Call);
            Assert.Equal("taken", await SubmitAsync(other, trade));
            await new ReleaseService.ReleaseServiceClient(one.Channel).RevokeReleaseAsync(
                new() { TradeId = trade, Revision = (2 * round) + 2 }, one.Call);
            Assert.Equal("NOT_RELEASED", await SubmitAsync(other, trade));
        }

        // Nothing that was taken before a revocation is delivered after it.
        var watch = new ExchangeService.ExchangeServiceClient(buyer.Channel).WatchMessages(new(), buyer.Call);
        for (var message = 0; message <= Rounds; message++)
        {
            Assert.True(await watch.ResponseStream.MoveNext(_live.Deadline));
            Assert.NotEqual(
                MailboxMessage.ContentOneofCase.Disclosure, watch.ResponseStream.Current.Message.ContentCase);
        }

        var log = await new LogService.LogServiceClient(elsewhere.Channel).ListDecisionsAsync(
            new() { PageSize = 1000 }, elsewhere.Call);
        Assert.Equal(
            (Rounds, Rounds),
            (log.Decisions.Count(one => one.Disclosed), log.Decisions.Count(one => one.Reason == "NOT_RELEASED")));
    }

    [Fact]
    public async Task Messages_come_in_the_order_of_their_transactions_also_where_these_get_a_digit_more()
    {
        string[] transactions = ["100", "9", "10", "99"];
        using var buyer = await FederationClient.ForNodeAsync(_live.Processes, "buyer", _live.Deadline);
        await using var source = NpgsqlDataSource.Create(
            _live.Processes.ConnectionString(_live.Processes.BrokerDatabase));
        foreach (var transaction in transactions)
        {
            var message = new MailboxMessage { MessageId = transaction, TradeCancelled = new() };
            await using var insert = source.CreateCommand(
                "insert into traceability.mailbox (transaction, message_id, recipient_id, trade_id, message) "
                + $"values ('{transaction}', gen_random_uuid(), $1, gen_random_uuid(), $2)");
            insert.Parameters.AddWithValue(_live.Processes.Company("buyer").OperatorId);
            insert.Parameters.AddWithValue(message.ToByteArray());
            await insert.ExecuteNonQueryAsync(_live.Deadline);
        }

        using var watch = new ExchangeService.ExchangeServiceClient(buyer.Channel).WatchMessages(new(), buyer.Call);
        List<string> seen = [];
        while (seen.Count < transactions.Length && await watch.ResponseStream.MoveNext(_live.Deadline))
        {
            seen.Add(watch.ResponseStream.Current.Message.MessageId);
        }

        Assert.Equal(["9", "10", "99", "100"], seen);
    }

    public async Task DisposeAsync()
    {
        await _live.DisposeAsync();
    }

    private static async Task<string> SubmitAsync(FederationClient caller, string trade)
    {
        try
        {
            await new ExchangeService.ExchangeServiceClient(caller.Channel).SubmitDisclosureAsync(
                new()
                {
                    MessageId = Guid.CreateVersion7().ToString(),
                    TradeId = trade,
                    Purpose = "audit",
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
}
