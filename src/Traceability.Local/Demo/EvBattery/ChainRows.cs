using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Local.Federation;

namespace Traceability.Local.Demo.EvBattery;

/// <summary>The chain as the rows that each company would import.</summary>
public static class ChainRows
{
    /// <summary>The Japanese fiscal year 2025.</summary>
    private const string FirstDay = "2025-04-01";
    private const string LastDay = "2026-03-31";

    public static IReadOnlyList<ImportRow> OfCompany(Chain chain, LocalFederation federation, string company)
    {
        bool IsOwn(string key) => chain.Owner(key) == company;
        return
        [
            .. chain.Parts.Where(part => part["companyId"] == company)
                .Select(part => new ImportRow { Part = Part(part) }),
            .. chain.Lines.Where(line => IsOwn(line["parentTraceKey"]))
                .Select(line => new ImportRow { Line = Line(line) }),
            .. chain.Emissions.Where(emission => IsOwn(emission["traceKey"]))
                .Select(emission => new ImportRow { Contribution = Contribution(emission) }),
            .. chain.Trades.Where(trade => trade["downstreamCompanyId"] == company)
                .Select(trade => new ImportRow { Trade = Trade(trade, federation) }),
        ];
    }

    /// <summary>The answer to a request that has arrived: everything is shown.</summary>
    public static ImportRow Answer(Chain chain, Trade request)
    {
        var trade = chain.Trades.Single(row => row["tradeKey"] == request.Message);
        return new()
        {
            Answer = new()
            {
                TradeId = request.TradeId,
                Part = trade["upstreamTraceKey"],
                Fields = "total, stages, rating, components",
                Purpose = "product_footprint",
            },
        };
    }

    private static ImportedPart Part(CsvRow part) => new()
    {
        PartNumber = part["traceKey"],
        TraceId = part["traceId"],
        Name = part["label"].Length > 0 ? $"{part["partsName"]}, {part["label"]}" : part["partsName"],
        Kind = part["kind"] == "product" ? "made" : "bought",
        Unit = Unit(part["unit"]),
    };

    private static ImportedLine Line(CsvRow line) => new()
    {
        Parent = line["parentTraceKey"],
        Child = line["childTraceKey"],
        Amount = line["amountRequired"],
        Unit = Unit(line["amountUnit"]),
    };

    private static ImportedContribution Contribution(CsvRow emission)
    {
        var suffix = emission["kind"] == "product" ? "Production" : "Component";
        return new()
        {
            Part = emission["traceKey"],
            StartDate = FirstDay,
            EndDate = LastDay,
            Source = emission["source"],
            Figures = new()
            {
                Stages =
                {
                    Stage(LifeCycleStage.RawMaterial, "pre"),
                    Stage(LifeCycleStage.MainProduction, "main"),
                },
                PrimaryShare = emission["primaryShare"],
            },
        };

        StageFigure Stage(LifeCycleStage stage, string prefix) => new()
        {
            Stage = stage,
            Amount = emission[$"{prefix}{suffix}"],
            Rating = new()
            {
                Technology = emission[$"{prefix}TeR"],
                Geography = emission[$"{prefix}GeR"],
                Time = emission[$"{prefix}TiR"],
            },
        };
    }

    private static ImportedTrade Trade(CsvRow trade, LocalFederation federation) => new()
    {
        Part = trade["downstreamTraceKey"],
        SupplierOperatorId = federation.Company(trade["upstreamCompanyId"]).OperatorId.ToString(),
        Message = trade["tradeKey"],
        DueDate = trade["responseDueDate"],
    };

    private static string Unit(string unit) => unit == "unit" ? "piece" : unit.Replace('-', ' ');
}
