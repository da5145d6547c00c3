using System.Security.Cryptography;
using Google.Rpc;
using Grpc.Core;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;
using StatusCode = Grpc.Core.StatusCode;

namespace Traceability.IntegrationTests.Node;

/// <summary>What is wrong is told field by field, and nothing is stored.</summary>
public class BadInputTests(Federation federation) : IClassFixture<Federation>
{
    [Theory]
    [InlineData("-1")]
    [InlineData("NaN")]
    [InlineData("1e400")]
    [InlineData("1,5")]
    [InlineData("123456789012345678901234567890")]
    [InlineData("")]
    public async Task An_absurd_amount_is_named_and_not_stored(string amount)
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("part", PartKind.Made);

        var violations = await ViolationsAsync(() => a.DeclareAsync(part, amount));

        Assert.Equal("contribution.figures.stages[0].amount", Assert.Single(violations).Field);
        Assert.Equal(0, (await a.FootprintAsync(part)).Version);
    }

    [Theory]
    [InlineData("fossil=4.5", "4.5")]
    [InlineData("fossil=1 biogenic=1 land_use=1", "3")]
    [InlineData("fossil=3 biogenic=0.5 land_use=0.5 direct=1 indirect=2", "3")]
    public async Task A_split_that_does_not_add_up_to_the_stages_is_named(string components, string sum)
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("part", PartKind.Made);
        var request = new DeclareContributionRequest
        {
            Contribution = new()
            {
                TraceId = part,
                ReferencePeriod = CompanyAtWork.Year,
                Figures = new()
                {
                    Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "4" } },
                    Components =
                    {
                        components.Split(' ').Select(one => one.Split('='))
                            .Select(one => new ComponentFigure { Component = one[0], Amount = one[1] }),
                    },
                },
            },
        };

        var violation = Assert.Single(await ViolationsAsync(
            () => a.Footprints.DeclareContributionAsync(request, a.Call).ResponseAsync));

        Assert.Equal("contribution.figures.components", violation.Field);
        Assert.Contains(sum, violation.Description, StringComparison.Ordinal);
        Assert.Contains("must add up to the stages, 4", violation.Description, StringComparison.Ordinal);

        // With everything else that is wrong.
        request.Contribution.TraceId = "NOT-AN-ID";
        var both = await ViolationsAsync(() => a.Footprints.DeclareContributionAsync(request, a.Call).ResponseAsync);
        Assert.Equal(["contribution.trace_id", "contribution.figures.components"], both.Select(one => one.Field));
    }

    [Fact]
    public async Task All_violations_are_told_at_once()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var request = new RegisterPartRequest
        {
            Part = new() { TraceId = "NOT-AN-ID", Name = "", Kind = (PartKind)99, DeclaredUnit = "furlong" },
        };

        var violations = await ViolationsAsync(() => a.Parts.RegisterPartAsync(request, a.Call).ResponseAsync);

        Assert.Equal(
            ["part.trace_id", "part.kind", "part.name", "part.declared_unit"], violations.Select(v => v.Field));
        Assert.Contains("furlong", violations[3].Description, StringComparison.Ordinal);
        Assert.Contains("kilogram", violations[3].Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_supplier_is_told_at_once_and_no_trade_is_stored()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var bought = await a.RegisterAsync("bought", PartKind.Bought);
        var nobody = new Company("nobody", Guid.CreateVersion7(), "", "");

        var refused = await Assert.ThrowsAsync<RpcException>(() => a.RequestAsync(nobody, bought, ""));

        Assert.Equal("NOT_DISCLOSED", Refusals.Reason(refused));
        var trades = await a.Trades.ListTradesAsync(new ListTradesRequest(), a.Call);
        Assert.DoesNotContain(trades.Trades, trade => trade.DownstreamTraceId == bought);
    }

    /// <summary>What is wrong is told where headers go, of which no client takes megabytes.</summary>
    [Fact]
    public async Task However_much_is_wrong_the_refusal_can_be_read_and_says_how_much_more_there_is()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var request = new DeclareBillOfMaterialsRequest { ParentTraceId = await a.RegisterAsync("parent", PartKind.Made) };
        request.Lines.AddRange(Enumerable.Range(0, 1000).Select(line => new BillOfMaterialsLine
        {
            ChildTraceId = $"{line} {new string('電', 100)}",
            Quantity = new() { Amount = "many", Unit = new string('池', 100) },
        }));

        var refused = await Assert.ThrowsAsync<RpcException>(
            () => a.Parts.DeclareBillOfMaterialsAsync(request, a.Call).ResponseAsync);

        Assert.Equal("INVALID_REQUEST", Refusals.Reason(refused));
        var violations = Refusals.Violations(refused);
        // Each line three times, and all but the first name the same part again.
        Assert.Equal("lines[0].child_trace_id", violations[0].Field);
        Assert.Equal($"and {3999 - (violations.Count - 1)} more.", violations[^1].Description);
        Assert.DoesNotContain('\uFFFD', refused.Status.Detail);
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_refused()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var request = new RegisterPartRequest { Part = new() { Name = new string('x', 5_000_000) } };

        var refused = await Assert.ThrowsAsync<RpcException>(
            () => a.Parts.RegisterPartAsync(request, a.Call).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    [Fact]
    public async Task A_token_that_is_missing_foreign_expired_or_for_another_server_does_not_get_in()
    {
        var processes = federation.Processes;
        var broker = await FederationClient.TokenAsync(
            processes, processes.Administrator, processes.Broker, federation.Deadline);
        var neighbour = await FederationClient.TokenAsync(
            processes, processes.Company(Story.B), processes.Node(Story.B), federation.Deadline);

        Assert.Equal("no token that goes with the certificate of the connection", await ProblemAsync(""));
        Assert.Equal("the token is for another audience", await ProblemAsync(broker));
        Assert.Equal("the token is for another audience", await ProblemAsync(neighbour));
        Assert.Equal("the token is not signed by the issuer", await ProblemAsync(ForgedToken()));
        Assert.Equal("the token has expired", await ProblemAsync(await ExpiredTokenAsync()));
        Assert.Equal("the token cannot be read", await ProblemAsync("nonsense"));
    }

    [Fact]
    public async Task The_broker_takes_no_call_without_a_client_certificate()
    {
        var token = await FederationClient.TokenAsync(
            federation.Processes, federation.Processes.Administrator, federation.Processes.Broker, federation.Deadline);
        using var client = FederationClient.Connect(federation.Processes, federation.Processes.Broker, token, null);
        var directory = new DirectoryService.DirectoryServiceClient(client.Channel);

        var refused = await Assert.ThrowsAsync<RpcException>(
            () => directory.ListOperatorsAsync(new ListOperatorsRequest(), client.Call).ResponseAsync);

        Assert.Equal("no client certificate", Refusals.Info(refused).Metadata["problem"]);
    }

    private async Task<string> ProblemAsync(string token)
    {
        using var client = FederationClient.Connect(
            federation.Processes, federation.Processes.Node(Story.A), token, null);
        var parts = new PartService.PartServiceClient(client.Channel);
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => parts.ListPartsAsync(new ListPartsRequest(), client.Call).ResponseAsync);
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
        return Refusals.Info(refused).Metadata["problem"];
    }

    /// <summary>Everything is right but the key.</summary>
    private string ForgedToken()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Token(key, "forged", TimeProvider.System.GetUtcNow().UtcDateTime);
    }

    /// <summary>Everything is right but the time.</summary>
    private async Task<string> ExpiredTokenAsync()
    {
        var (id, key) = await IssuerKey.ReadAsync(federation.Processes, federation.Deadline);
        using (key)
        {
            return Token(key, id, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1));
        }
    }

    private string Token(ECDsa key, string keyId, DateTime start) => new JsonWebTokenHandler().CreateToken(
        new SecurityTokenDescriptor
        {
            Issuer = $"{federation.Processes.Broker}/",
            Audience = federation.Processes.Node(Story.A),
            NotBefore = start,
            Expires = start.AddMinutes(10),
            SigningCredentials = new SigningCredentials(
                new ECDsaSecurityKey(key) { KeyId = keyId }, SecurityAlgorithms.EcdsaSha256),
        });

    private static async Task<IReadOnlyList<BadRequest.Types.FieldViolation>> ViolationsAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        return Refusals.Violations(refused);
    }
}
