using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Local.Federation;

namespace Traceability.Local.Demo.EvBattery;

/// <summary>
/// Every company imports its own sheets and answers the requests that arrive; the totals follow by themselves.
/// </summary>
public sealed class ChainStory(LocalFederation federation, Chain chain, Action<string> tell)
{
    /// <summary>Two cores serve this many companies at once without making any of them wait.</summary>
    private const int AtOnce = 4;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    public async Task PlayAsync(CancellationToken cancellationToken)
    {
        await EnrolAsync(cancellationToken);
        tell($"{chain.Companies.Count} companies are enrolled.");
        await EachAsync(ImportAsync, cancellationToken);
        tell($"{chain.Parts.Count} parts, {chain.Lines.Count} lines and {chain.Trades.Count} requests are imported.");
        await EachAsync(AnswerAsync, cancellationToken);
        tell($"{chain.Trades.Count} requests are answered; each supplier shows its total to its customer.");
    }

    /// <summary>The footprint of a product in its maker's node, as soon as nothing is missing in it.</summary>
    public async Task<Footprint> CompleteAsync(string key, CancellationToken cancellationToken)
    {
        using var company = await CompanyAtWork.StartAsync(federation, chain.Owner(key), cancellationToken);
        return await company.WaitForAsync(chain.TraceId(key), footprint => footprint.Complete, cancellationToken);
    }

    private Task EachAsync(Func<string, CancellationToken, Task> act, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            chain.Companies.Select(company => company["companyId"]),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (company, token) => await act(company, token));

    private async Task EnrolAsync(CancellationToken cancellationToken)
    {
        using var client = await FederationClient.ForAdministratorAsync(federation, cancellationToken);
        var directory = new DirectoryService.DirectoryServiceClient(client.Channel);
        foreach (var company in chain.Companies)
        {
            await directory.EnrolOperatorAsync(
                new EnrolOperatorRequest
                {
                    OperatorId = federation.Company(company["companyId"]).OperatorId.ToString(),
                    Name = company["operatorName"],
                    Fingerprint = federation.FingerprintOf(company["companyId"]),
                    Listed = true,
                },
                client.Call);
        }
    }

    private async Task ImportAsync(string company, CancellationToken cancellationToken)
    {
        using var clerk = await CompanyAtWork.StartAsync(federation, company, cancellationToken);
        await clerk.ImportAsync(ChainRows.OfCompany(chain, federation, company), cancellationToken);
    }

    private async Task AnswerAsync(string company, CancellationToken cancellationToken)
    {
        var expected = chain.Trades.Count(trade => trade["upstreamCompanyId"] == company);
        if (expected == 0)
        {
            return;
        }

        using var clerk = await CompanyAtWork.StartAsync(federation, company, cancellationToken);
        using var timer = new PeriodicTimer(PollInterval);
        while (true)
        {
            var trades = await clerk.Trades.ListTradesAsync(new ListTradesRequest { PageSize = 1000 }, clerk.Call);
            Contracts.Node.V1.Trade[] requests =
                [.. trades.Trades.Where(trade => trade.SupplierOperatorId == clerk.Company.OperatorId.ToString())];
            if (requests.Length == expected)
            {
                await clerk.ImportAsync(
                    [.. requests.Select(request => ChainRows.Answer(chain, request))], cancellationToken);
                return;
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
