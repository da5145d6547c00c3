using Grpc.Core;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Local.Federation;

namespace Traceability.Local.Demo;

/// <summary>The parts of the story, for those who go on with it.</summary>
public sealed record StoryParts(string Cathode, string Module, string Pack, string TradeAb, string TradeBc);

/// <summary>A tells B, B tells C, and nobody shows more than its own total to its own customer.</summary>
public sealed class Story(LocalFederation federation, Action<string> tell)
{
    public const string A = "A";
    public const string B = "B";
    public const string C = "C";

    public static IReadOnlyList<string> Companies { get; } = [A, B, C];

    public async Task EnrolAsync(CancellationToken cancellationToken)
    {
        using var client = await FederationClient.ForAdministratorAsync(federation, cancellationToken);
        var directory = new DirectoryService.DirectoryServiceClient(client.Channel);
        foreach (var company in federation.Companies)
        {
            await directory.EnrolOperatorAsync(
                new EnrolOperatorRequest
                {
                    OperatorId = company.OperatorId.ToString(),
                    Name = $"Company {company.Name}",
                    Fingerprint = federation.FingerprintOf(company.Name),
                    Listed = true,
                },
                client.Call);
        }
    }

    /// <summary>Everything that people do. What follows from it happens by itself.</summary>
    /// <param name="own">What A, B and C emit themselves, in kilogram.</param>
    /// <param name="betweenSteps">Called after each step.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<StoryParts> PlayAsync(
        (string A, string B, string C) own, Func<string, Task> betweenSteps, CancellationToken cancellationToken)
    {
        using var a = await CompanyAtWork.StartAsync(federation, A, cancellationToken);
        using var b = await CompanyAtWork.StartAsync(federation, B, cancellationToken);
        using var c = await CompanyAtWork.StartAsync(federation, C, cancellationToken);

        var cathode = await a.RegisterAsync("cathode", PartKind.Made);
        await a.DeclareAsync(cathode, own.A);
        tell($"A declares its own {own.A} kg for a cathode. Nobody else knows.");
        await betweenSteps("declared");

        var (boughtCathode, module) = await BuildAsync(b, "cathode from A", "module", own.B);
        tell($"B declares its own {own.B} kg for a module with one cathode in it.");
        var tradeAb = await b.RequestAsync(a.Company, boughtCathode, "our order 4711, cathode");
        tell("B asks A for the footprint of the cathode. A sees the request, not what it is for.");
        await betweenSteps("requested");
        await a.AnswerAsync(tradeAb, cathode, cancellationToken);
        tell("A accepts, and releases its total to B.");

        var (boughtModule, pack) = await BuildAsync(c, "module from B", "battery pack", own.C);
        tell($"C declares its own {own.C} kg for a battery pack with one module in it.");
        var tradeBc = await c.RequestAsync(b.Company, boughtModule, "our order 0815, module");
        await b.AnswerAsync(tradeBc, module, cancellationToken);
        tell("C asks B; B accepts, and releases its total to C.");
        await betweenSteps("answered");
        return new(cathode, module, pack, tradeAb, tradeBc);
    }

    private static async Task<(string Bought, string Made)> BuildAsync(
        CompanyAtWork company, string bought, string made, string own)
    {
        var boughtId = await company.RegisterAsync(bought, PartKind.Bought);
        var madeId = await company.RegisterAsync(made, PartKind.Made);
        await company.ContainsAsync(madeId, boughtId, "1");
        await company.DeclareAsync(madeId, own);
        return (boughtId, madeId);
    }

    /// <summary>
    /// Asks for what must not be seen. At its own node a company must get the answer to something that is not there; at
    /// another's it must not even get in: no token is given for it, and its own is refused.
    /// </summary>
    public async Task<bool> IsHiddenAsync(
        string company, string node, string traceId, CancellationToken cancellationToken)
    {
        var (own, other) = (federation.Node(company), federation.Node(node));
        var token = await FederationClient.TokenAsync(
            federation, federation.Company(company), own, cancellationToken);
        using var client = FederationClient.Connect(
            federation, other, token, federation.CertificateOf(federation.Company(company).OperatorId));
        var expected = own == other ? StatusCode.PermissionDenied : StatusCode.Unauthenticated;
        var hidden = await AskAsync(client, traceId, expected);
        return hidden is not null
            && hidden == await AskAsync(client, $"{Guid.CreateVersion7()}", expected)
            && (own == other || await GetsNoTokenAsync(company, other, cancellationToken));
    }

    private async Task<bool> GetsNoTokenAsync(string company, string node, CancellationToken cancellationToken)
    {
        try
        {
            await FederationClient.TokenAsync(federation, federation.Company(company), node, cancellationToken);
            return false;
        }
        catch (TokenException refused)
        {
            return refused.Error == "invalid_target";
        }
    }

    private static async Task<string?> AskAsync(FederationClient client, string traceId, StatusCode expected)
    {
        try
        {
            await new FootprintService.FootprintServiceClient(client.Channel).GetFootprintAsync(
                new GetFootprintRequest { TraceId = traceId }, client.Call);
            return null;
        }
        catch (RpcException exception) when (exception.StatusCode == expected)
        {
            return exception.Status.Detail.Replace(traceId, "...", StringComparison.Ordinal);
        }
    }
}
