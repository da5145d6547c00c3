using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Traceability.Proofs;
using Xunit;
using BrokerReleases = Traceability.Contracts.Broker.V1.ReleaseService;
using BrokerTrades = Traceability.Contracts.Broker.V1.TradeService;

namespace Traceability.IntegrationTests.Disclosure;

/// <summary>A supplier whose node means harm: the test holds its keys, and writes its messages.</summary>
public sealed class TamperedStatementTests : IAsyncLifetime
{
    private const string StatementType = "traceability-statement+sd-jwt";
    private const string DisclosureType = "traceability-disclosure+jwe";

    private readonly PrivateKey _key = PrivateKey.Create();
    private readonly string _trade = Guid.CreateVersion7().ToString();
    private LiveFederation _live = null!;
    private KeysByHand _keys = null!;
    private FederationClient _supplier = null!;
    private CompanyAtWork _buyer = null!;
    private PublicKey _sealing = null!;
    private string _bought = "";

    public async Task InitializeAsync()
    {
        _live = await LiveFederation.StartAsync([new("supplier", "one", Later: true), new("buyer", "one")]);
        await _live.EnrolAsync();
        _supplier = await FederationClient.ForNodeAsync(_live.Processes, "supplier", _live.Deadline);
        _buyer = await _live.AtWorkAsync("buyer");
        _keys = new KeysByHand(_supplier, _live.Processes.Company("supplier").OperatorId);
        await _keys.PublishAsync(Contracts.Broker.V1.KeyUse.Signing, _key);
        await _keys.PublishAsync(Contracts.Broker.V1.KeyUse.Sealing, PrivateKey.Create());
        await _keys.PublishLogKeyAsync();
        await _keys.CosignAsync(leaves: 6, _live.Deadline);
        _bought = await _buyer.RegisterAsync("bought", PartKind.Bought);
        await _buyer.Trades.RequestTradeAsync(
            new()
            {
                TradeId = _trade,
                SupplierOperatorId = Supplier,
                DownstreamTraceId = _bought,
            },
            _buyer.Call);
        await AcceptAsync();
        await new BrokerReleases.ReleaseServiceClient(_supplier.Channel).GrantReleaseAsync(
            new() { TradeId = _trade, Fields = { FootprintField.Total }, Purpose = "audit", Revision = 1 }, _supplier.Call);
        _sealing = await SealingKeyAsync();
    }

    [Fact]
    public async Task What_cannot_be_believed_changes_nothing_and_is_kept_with_its_reason()
    {
        var good = Statement(version: 2, total: "3");
        await SubmitAsync(Seal(good));
        await _buyer.WaitForTotalAsync(_bought, "3", _live.Deadline);

        List<(string What, string Message)> harmful = [];
        var random = new Random(7);
        for (var flip = 0; flip < 60; flip++)
        {
            harmful.Add(($"bit {flip} of what is sealed", Flip(Seal(Statement(3, "0.1")), random)));
            harmful.Add(($"bit {flip} of what is signed", Seal(Flip(Statement(3, "0.1").Split('~')[0], random)
                + Statement(3, "0.1")[Statement(3, "0.1").IndexOf('~', StringComparison.Ordinal)..])));
        }

        harmful.Add(("of another issuer", Seal(Statement(3, "0.1", issuer: $"{Guid.CreateVersion7()}"))));
        harmful.Add(("about another part", Seal(Statement(3, "0.1", partRef: "another"))));
        harmful.Add(("in another unit", Seal(Statement(3, "0.1", unit: "kilogram"))));
        harmful.Add(("under a key nobody published", Seal(Statement(3, "0.1", key: PrivateKey.Create()))));
        harmful.Add(("issued before the key was valid", Seal(Statement(3, "0.1", issued: TimeSpan.FromHours(-2)))));
        harmful.Add(("another total for the same version", Seal(Statement(2, "0.1"))));
        harmful.Add(("with a certificate from before the key was valid", Seal(
            Statement(3, "0.1"), Certificate(TimeSpan.FromHours(-2)))));
        harmful.Add(("with a certificate about another part", Seal(
            Statement(3, "0.1"), Certificate(TimeSpan.Zero, "another"))));
        harmful.Add(("with a certificate that is none", Seal(Statement(3, "0.1"), "nonsense")));
        harmful.Add(("for another audience", JsonWebEncryption.Seal(
            PrivateKey.Create().Public, DisclosureType, Encoding.UTF8.GetBytes($"\"{Statement(3, "0.1")}\""))));
        harmful.Add(("an older version", Seal(Statement(1, "0.1"))));
        harmful.Add(("a replay", Seal(good)));
        harmful.Add(("no statement at all", "nonsense"));
        foreach (var (_, message) in harmful)
        {
            await SubmitAsync(message);
        }

        // What was received before a revocation is judged by what was known then.
        await WaitForEvidenceAsync(harmful.Count);
        await RevokeAsync();
        harmful.Add(("under a revoked key", Seal(Statement(4, "0.1"))));
        await SubmitAsync(harmful[^1].Message);

        var kept = await WaitForEvidenceAsync(harmful.Count);
        Assert.Equal(harmful.Select(one => one.Message), kept.Select(one => one.Sealed));
        Assert.All(kept, one => Assert.NotEmpty(one.Reason));
        Assert.Contains(kept, one => one.Reason == "Outdated");
        Assert.Contains(kept, one => one.Reason == "Repeated");
        Assert.Contains(kept, one => one.Reason == "Contradictory");
        Assert.Contains(kept, one => one.Reason == "UnknownKey");
        Assert.Contains(kept, one => one.Reason == "BadSignature");
        Assert.Equal("3", (await _buyer.FootprintAsync(_bought)).Figures.Total);
    }

    public async Task DisposeAsync()
    {
        _supplier.Dispose();
        _buyer.Dispose();
        await _live.DisposeAsync();
    }

    /// <summary>As exchange_service.proto says of MailboxMessage.signed_act.</summary>
    private string Accepted() => JsonWebSignature.Sign(
        _key,
        "traceability-trade-act+jwt",
        JsonSerializer.SerializeToUtf8Bytes(new
        {
            act = "trade_accepted",
            trade_id = _trade,
            content = Base64Url.EncodeToString(SHA256.HashData("ref"u8)),
        }),
        TimeProvider.System.GetUtcNow());

    private string Supplier => $"{_live.Processes.Company("supplier").OperatorId}";

    private async Task AcceptAsync()
    {
        var trades = new BrokerTrades.TradeServiceClient(_supplier.Channel);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                await trades.AcceptTradeAsync(
                    new() { TradeId = _trade, PartRef = "ref", SignedAct = Accepted() }, _supplier.Call);
                return;
            }
            catch (Grpc.Core.RpcException exception) when (Refusals.Reason(exception) == "NOT_DISCLOSED")
            {
                // The request is still on its way.
                await timer.WaitForNextTickAsync(_live.Deadline);
            }
        }
    }

    private async Task RevokeAsync()
    {
        await _keys.RevokeAsync(_key, TimeProvider.System.GetUtcNow().AddSeconds(-5));
        await _keys.CosignAsync(leaves: 7, _live.Deadline);
    }

    private async Task<PublicKey> SealingKeyAsync()
    {
        var directory = new DirectoryService.DirectoryServiceClient(_supplier.Channel);
        var request = new GetOperatorRequest { OperatorId = $"{_buyer.Company.OperatorId}" };
        var buyer = (await directory.GetOperatorAsync(request, _supplier.Call)).Operator;
        return PublicKey.FromJwk(buyer.Keys.Last(key => key.Use == Contracts.Broker.V1.KeyUse.Sealing).Jwk);
    }

    private string Statement(
        int version, string total, string? issuer = null, string partRef = "ref", string unit = "piece",
        PrivateKey? key = null, TimeSpan issued = default)
    {
        var claims = new JsonObject
        {
            ["iss"] = issuer ?? Supplier,
            ["iat"] = (TimeProvider.System.GetUtcNow() + issued).ToUnixTimeSeconds(),
            ["part_ref"] = partRef,
            ["version"] = version,
            ["declared_unit"] = unit,
            ["complete"] = true,
        };
        var made = SelectiveStatement.Issue(
            key ?? _key, StatementType, claims, new Dictionary<string, JsonNode> { ["total"] = total });
        return SelectiveStatement.Present(made.Signature, made.Disclosures.Values);
    }

    private string Certificate(TimeSpan issued, string partRef = "ref")
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new JsonObject
        {
            ["iss"] = Supplier,
            ["iat"] = (now + issued).ToUnixTimeSeconds(),
            ["part_ref"] = partRef,
            ["certificate_id"] = $"{Guid.CreateVersion7()}",
            ["verifier"] = "Verifier",
            ["version"] = 3,
            ["valid_from"] = $"{now.AddDays(-1):O}",
            ["valid_until"] = $"{now.AddDays(1):O}",
        };
        return JsonWebSignature.Sign(
            _key, "traceability-certificate+jwt", Encoding.UTF8.GetBytes(claims.ToJsonString()));
    }

    private string Seal(string statement, params string[] certificates) => JsonWebEncryption.Seal(
        _sealing,
        DisclosureType,
        certificates.Length == 0
            ? JsonSerializer.SerializeToUtf8Bytes(statement)
            : JsonSerializer.SerializeToUtf8Bytes<string[]>([statement, .. certificates]));

    /// <summary>Another letter at a random place; the last of a part may hold unused bits, so it is left
    /// alone.</summary>
    private static string Flip(string text, Random random)
    {
        while (true)
        {
            var at = random.Next(text.Length - 1);
            if (text[at] != '.' && text[at + 1] != '.')
            {
                return $"{text[..at]}{(text[at] == 'A' ? 'B' : 'A')}{text[(at + 1)..]}";
            }
        }
    }

    private async Task SubmitAsync(string message) =>
        await new ExchangeService.ExchangeServiceClient(_supplier.Channel).SubmitDisclosureAsync(
            new()
            {
                MessageId = Guid.CreateVersion7().ToString(),
                TradeId = _trade,
                Purpose = "audit",
                SealedStatement = message,
            },
            _supplier.Call);

    private async Task<IReadOnlyList<(string Reason, string Sealed)>> WaitForEvidenceAsync(int count)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var kept = await _live.RowsAsync(
                _buyer,
                "select concat_ws(' ', data ->> 'reason', data ->> 'sealed') from traceability.mt_events "
                + "where type = 'disclosure_refused' order by seq_id");
            if (kept.Count >= count)
            {
                return [.. kept.Select(one => one.Split(' ')).Select(one => (one[0], one[1]))];
            }

            await timer.WaitForNextTickAsync(_live.Deadline);
        }
    }
}
