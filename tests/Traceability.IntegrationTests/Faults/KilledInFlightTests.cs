using System.Collections.Concurrent;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Faults;

/// <summary>
/// Something dies while calls are on their way: declarations from several tasks, requests for trades, and an import of
/// thousands of rows. What was acknowledged is there, once and whole; what was not is there in full or not at all.
/// </summary>
public sealed class KilledInFlightTests(MortalFederation federation) : IClassFixture<MortalFederation>
{
    private const int Clerks = 4;
    private const int Parts = 1500;

    /// <summary>So much has been acknowledged when it happens.</summary>
    private const int Declarations = 40;
    private const int Requests = 10;

    private readonly LiveFederation _live = federation.Live;

    /// <summary>At the start of the import, or when all its rows are judged and are about to be stored.</summary>
    [Theory]
    [InlineData("node-supplier", 0.0)]
    [InlineData("node-supplier", 1.0)]
    [InlineData("broker", 0.0)]
    [InlineData("postgres", 0.0)]
    [InlineData("postgres", 1.0)]
    public async Task What_was_acknowledged_is_there_and_nothing_is_half_there(string victim, double share)
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_live.Deadline);
        var (declarations, requests) = await PrepareAsync(supplier, buyer);
        Task[] atWork =
        [
            .. declarations.Select(burst => burst.RunAsync(
                number => $"{number}.5",
                async kilograms => await supplier.DeclareAsync(burst.Part, kilograms), over.Token)),
            requests.RunAsync(
                _ => $"{Guid.CreateVersion7()}",
                trade => RequestAsync(buyer, supplier, requests.Part, trade), over.Token),
        ];
        await Wait.UntilAsync(
            () => Task.FromResult(
                declarations.Sum(burst => burst.Acknowledged.Count) >= Declarations
                && requests.Acknowledged.Count >= Requests),
            _live.Deadline);
        Assert.All(declarations.Append(requests), burst => Assert.Null(burst.Failure));

        var prefix = $"{Guid.CreateVersion7():n}";
        var stored = await ImportAsync(supplier, prefix, share, () => KillAsync(victim));
        await RestartAsync(victim);
        await Wait.UntilAsync(() => AnswersAsync(supplier, buyer), _live.Deadline);
        await over.CancelAsync();
        await Task.WhenAll(atWork);

        await DeclaredAsync(supplier, declarations);
        await RequestedAsync(supplier, buyer, requests);
        await ImportedAsync(supplier, prefix, stored);
        await TotalSettlesAsync(supplier, buyer, declarations[0], requests);
        await CleanAsync(supplier);
        await CleanAsync(buyer);
    }

    private static async Task<(Burst[] Declarations, Burst Requests)> PrepareAsync(
        CompanyAtWork supplier, CompanyAtWork buyer) =>
        (
            await Task.WhenAll(Enumerable.Range(0, Clerks).Select(async _ =>
                new Burst(await supplier.RegisterAsync("declared again and again", PartKind.Made)))),
            new Burst(await buyer.RegisterAsync("requested again and again", PartKind.Bought)));

    private static async Task RequestAsync(CompanyAtWork buyer, CompanyAtWork supplier, string part, string trade) =>
        await buyer.Trades.RequestTradeAsync(
            new()
            {
                TradeId = trade,
                SupplierOperatorId = $"{supplier.Company.OperatorId}",
                DownstreamTraceId = part,
            },
            buyer.Call);

    /// <summary>Whether it was acknowledged that the rows are stored.</summary>
    private async Task<bool> ImportAsync(CompanyAtWork supplier, string prefix, double share, Func<Task> happen)
    {
        var happened = false;
        try
        {
            using var import = supplier.Imports.ImportRecords(supplier.Call.WithCancellationToken(_live.Deadline));
            await import.RequestStream.WriteAsync(new() { Start = new() }, _live.Deadline);
            foreach (var page in ImportRows(prefix).Chunk(500))
            {
                await import.RequestStream.WriteAsync(new() { Rows = new() { Rows = { page } } }, _live.Deadline);
            }

            await import.RequestStream.CompleteAsync();
            await foreach (var answer in import.ResponseStream.ReadAllAsync(_live.Deadline))
            {
                if (!happened && answer.Progress is { } progress && progress.Done >= share * progress.All)
                {
                    happened = true;
                    await happen();
                }

                if (answer.Result is { } result)
                {
                    Assert.True(happened, "The import was over too early.");
                    Assert.Empty(result.Errors);
                    return result.Stored;
                }
            }
        }
        catch (RpcException exception)
        {
            Assert.True(happened, $"The import failed too early: {exception.Status}");
        }

        return false;
    }

    private static IEnumerable<ImportRow> ImportRows(string prefix) =>
    [
        .. Enumerable.Range(0, Parts).Select(part => new ImportRow
        {
            Sheet = "parts",
            Row = part + 2,
            Part = new() { PartNumber = $"{prefix}-{part}", Name = $"part {part}", Kind = "made", Unit = "piece" },
        }),
        .. Enumerable.Range(0, Parts).Select(part => new ImportRow
        {
            Sheet = "contributions",
            Row = part + 2,
            Contribution = new()
            {
                Part = $"{prefix}-{part}",
                StartDate = "2026-01-01",
                EndDate = "2026-12-31",
                Figures = new() { Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "2" } } },
            },
        }),
    ];

    private Task KillAsync(string victim) => victim == "postgres"
        ? _live.Processes.KillPostgresAsync()
        : _live.Processes.KillAsync(victim);

    private Task RestartAsync(string victim) => victim switch
    {
        "postgres" => _live.Processes.StartPostgresAsync(_live.Deadline),
        "broker" => _live.Processes.StartBrokerAsync(_live.Deadline),
        _ => _live.Processes.StartNodeAsync(victim["node-".Length..], _live.Deadline),
    };

    private static async Task<bool> AnswersAsync(params CompanyAtWork[] companies)
    {
        try
        {
            foreach (var company in companies)
            {
                await company.Parts.ListPartsAsync(new() { PageSize = 1 }, company.Call);
            }

            return true;
        }
        catch (RpcException)
        {
            return false;
        }
    }

    private async Task DeclaredAsync(CompanyAtWork supplier, Burst[] declarations)
    {
        foreach (var burst in declarations)
        {
            burst.MustBe(await _live.RowsAsync(
                supplier,
                "select data -> 'stages' -> 0 ->> 'amount' from traceability.mt_events "
                + $"where stream_id = 'footprint/{burst.Part}' and type like 'contribution%' order by version"));
        }
    }

    /// <summary>At the buyer as they were acknowledged, and at the supplier all of these, each once.</summary>
    private async Task RequestedAsync(CompanyAtWork supplier, CompanyAtWork buyer, Burst requests)
    {
        var asked = await _live.RowsAsync(
            buyer,
            "select data ->> 'tradeId' from traceability.mt_events where type = 'trade_requested' "
            + $"and data ->> 'downstreamTraceId' = '{requests.Part}' order by seq_id");
        requests.MustBe(asked);
        foreach (var trade in asked)
        {
            await supplier.WaitForTradeAsync(trade, _live.Deadline);
        }

        var arrived = await _live.RowsAsync(
            supplier, "select data ->> 'tradeId' from traceability.mt_events where type = 'trade_requested'");
        Assert.Equal(arrived.Distinct(), arrived);
    }

    private async Task ImportedAsync(CompanyAtWork supplier, string prefix, bool acknowledged)
    {
        var parts = await _live.RowsAsync(
            supplier,
            "select data ->> 'traceId' from traceability.mt_events "
            + $"where type = 'part_registered' and data ->> 'partNumber' like '{prefix}-%'");
        Assert.True(parts.Count == Parts || (parts.Count == 0 && !acknowledged), $"{parts.Count} parts");
        if (parts.Count == 0)
        {
            return;
        }

        var declared = (await _live.RowsAsync(
            supplier,
            "select data ->> 'traceId' from traceability.mt_events where type = 'contribution_declared'")).ToHashSet();
        Assert.All(parts, part => Assert.Contains(part, declared));
        await supplier.WaitForTotalAsync(parts[^1], "2", _live.Deadline);
    }

    private async Task TotalSettlesAsync(CompanyAtWork supplier, CompanyAtWork buyer, Burst declared, Burst requests)
    {
        await supplier.AnswerAsync(requests.Acknowledged.First(), declared.Part, _live.Deadline);
        await buyer.WaitForTotalAsync(requests.Part, declared.Last, _live.Deadline);
        await supplier.WaitForTotalAsync(declared.Part, declared.Last, _live.Deadline);
    }

    private async Task CleanAsync(CompanyAtWork company)
    {
        var audit = new AuditService.AuditServiceClient(company.Channel);
        Assert.Empty((await audit.CheckReadModelsAsync(new(), company.Call)).Differences);
        await Wait.UntilAsync(
            async () =>
            {
                var report = await audit.CheckHistoryAsync(new(), company.Call);
                Assert.Empty(report.Findings);
                return report is { Waiting: 0, Leaves: > 0 };
            },
            _live.Deadline);
    }

    /// <summary>One call after the other, until one fails.</summary>
    private sealed class Burst(string part)
    {
        private string? _open;

        public string Part { get; } = part;

        public ConcurrentQueue<string> Acknowledged { get; } = [];

        public RpcException? Failure { get; private set; }

        /// <summary>What was stored last; known once <see cref="MustBe"/> has looked.</summary>
        public string Last { get; private set; } = "";

        public async Task RunAsync(Func<int, string> next, Func<string, Task> act, CancellationToken over)
        {
            for (var number = 1; !over.IsCancellationRequested; number++)
            {
                _open = next(number);
                try
                {
                    await act(_open);
                }
                catch (RpcException exception)
                {
                    Failure = exception;
                    return;
                }

                Acknowledged.Enqueue(_open);
                _open = null;
            }
        }

        /// <summary>Everything that was acknowledged in its order, and at most the call that was on its way.</summary>
        public void MustBe(IReadOnlyList<string> stored)
        {
            string[] acknowledged = [.. Acknowledged];
            Assert.Equal(
                stored.Count > acknowledged.Length ? [.. acknowledged, _open!] : acknowledged,
                stored);
            Last = stored[^1];
        }
    }
}

/// <summary>Processes and a PostgreSQL of their own.</summary>
public sealed class MortalFederation() : ClassFederation(Place.Apart(["supplier", "buyer"]))
{
    protected override bool Mortal => true;
}
