using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Domain.Quantities;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using FigureComponent = Traceability.Domain.Footprints.FigureComponent;
using FigureComponents = Traceability.Domain.Footprints.FigureComponents;
using Quantity = Traceability.Contracts.Common.V1.Quantity;

namespace Traceability.IntegrationTests.Cli;

/// <summary>
/// A company that says all that can be said, seeded: parts with and without numbers, of every unit and kind, with names that
/// look alike, bills that change, requests, answers, releases, figures, facts, certificates, retirements.
/// </summary>
internal sealed class RandomCompany(CompanyAtWork company, int seed, CancellationToken deadline)
{
    private static readonly string[] Texts =
    [
        "P-1", "0000123", "2-1", "1E5", "TRUE", "=1+1", "+81-3", "-x", "@home", "'quoted", "1/4\" bolt", "a,b;c|d", "ガ-1", "sep=;",
        "㎏", "Ｂ－1", "_x000D_", "_x005F_", "<&>", "#N/A", "2026-01-01", "𠮷野家", "\"", "a\"\"b", "ｱｲｳ", "é", "12345678901234567890",
        "123,456", "１２３", "a\u2028b", "\uFEFFx", "\uFFFEy", "株式会社　電池", "正極材\u00A0A", "help", "説明", "parts", "null", "-0", "5%",
    ];

    private static readonly string[] Amounts =
    [
        "0.000000000001", "0.1", "1", "2.5", "1000", "0.333333333333", "123456789012.123456789012", "99999999999", "1234567.12345678",
        "0.30000000001", "7.000000000001", "16",
    ];

    private static readonly string[] Scores = ["1", "1.5", "2.333333333333", "3", "4.000000000001", "5"];

    private readonly Random _random = new(seed);
    private readonly List<Part> _parts = [];

    private IEnumerable<Part> Made => _parts.Where(part => part.Kind == PartKind.Made);

    private Part[] Bought => [.. _parts.Where(part => part.Kind == PartKind.Bought)];

    /// <summary>Requests that others have made, and what they ask in.</summary>
    public List<(string Trade, string Unit)> Asked { get; } = [];

    public async Task FillAsync(RandomCompany? supplier)
    {
        for (var index = 0; index < _random.Next(3, 7); index++)
        {
            await RegisterAsync(index);
        }

        foreach (var part in _parts.Where(_ => Often()))
        {
            await company.Footprints.DeclareContributionAsync(new() { Contribution = Contribution(part) }, company.Call);
        }

        foreach (var part in supplier is null ? [] : Bought)
        {
            for (var count = _random.Next(3); count > 0; count--)
            {
                await RequestAsync(part, supplier!);
            }
        }

        foreach (var part in Made.ToArray())
        {
            await DescribeAsync(part);
        }
    }

    /// <summary>After the requests of others have come.</summary>
    public async Task AnswerAsync()
    {
        foreach (var (trade, unit) in Asked)
        {
            await company.WaitForTradeAsync(trade, deadline);
            var fitting = Made.Where(part => Unit.Find(part.DeclaredUnit)!.ConvertsTo(Unit.Find(unit)!)).ToArray();
            if (fitting.Length == 0 || _random.Next(6) == 0)
            {
                await company.Trades.RejectTradeAsync(new() { TradeId = trade, Message = Text() }, company.Call);
                continue;
            }

            await company.Trades.AcceptTradeAsync(new() { TradeId = trade, UpstreamTraceId = Any(fitting).TraceId }, company.Call);
            if (Often())
            {
                await ReleaseAsync(trade);
            }
        }
    }

    /// <summary>What nothing rests on may be given up; a bill of later may name it.</summary>
    public async Task RetireAsync()
    {
        foreach (var part in _parts.Where(_ => !Often()).ToArray())
        {
            await TryAsync(async () => await company.Parts.RetirePartAsync(new() { TraceId = part.TraceId }, company.Call));
        }
    }

    /// <summary>What a rule may say no to: then it is not so, and the export has less.</summary>
    private static async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.FailedPrecondition)
        {
        }
    }

    private async Task RegisterAsync(int index)
    {
        var unit = Any([.. Unit.All]);
        var part = new Part
        {
            TraceId = $"{Guid.CreateVersion7()}",
            // None, one that no spreadsheet keeps as it is, or one that is the trace id of another part.
            PartNumber = _random.Next(4) switch
            {
                0 => "",
                1 when _parts.Count > 0 => TakenId(),
                _ => $"{Text().Replace("\uFEFF", "", StringComparison.Ordinal)}{seed}-{index}",
            },
            Name = _random.Next(3) == 0 ? "ボルト" : $"  {Text()} ",
            Kind = index < 2 || Often() ? PartKind.Made : PartKind.Bought,
            DeclaredUnit = Often() ? "piece" : _random.Next(2) == 0 ? unit.Name : unit.Symbol,
        };
        _parts.Add((await company.Parts.RegisterPartAsync(new() { Part = part }, company.Call)).Part);
    }

    private string TakenId()
    {
        var id = Any(_parts).TraceId;
        return _parts.Any(part => part.PartNumber == id) ? "" : id;
    }

    private Contribution Contribution(Part part)
    {
        var start = Moment(2024 + _random.Next(3));
        var contribution = new Contribution
        {
            TraceId = part.TraceId,
            Source = part.Kind == PartKind.Bought ? $"s{Text()}" : Often() ? Text() : "",
            ReferencePeriod = new()
            {
                StartTime = start.ToTimestamp(),
                EndTime = Often() ? start.AddYears(1).ToTimestamp() : start.AddDays(0.5).ToTimestamp(),
            },
            Figures = new(),
        };
        if (!Often())
        {
            contribution.ValidUntilTime = Moment(2022 + _random.Next(12)).ToTimestamp();
        }

        if (Often())
        {
            contribution.Figures.PrimaryShare = Any(["0", "1", "0.333333333333", "0.5"]);
        }

        foreach (var stage in System.Enum.GetValues<LifeCycleStage>().Where(stage => stage != LifeCycleStage.Unspecified))
        {
            if (stage == LifeCycleStage.MainProduction || !Often())
            {
                contribution.Figures.Stages.Add(new StageFigure
                {
                    Stage = stage,
                    Amount = _random.Next(4) == 0 ? "0" : Any(Amounts),
                    Rating = Often() ? null : new() { Technology = Any(Scores), Geography = Any(Scores), Time = Any(Scores) },
                });
            }
        }

        foreach (var component in System.Enum.GetValues<FigureComponent>().Where(_ => !Often()))
        {
            // Of a split, one alone, of no more than there is.
            if (!FigureComponents.Splits.Any(split => split.Contains(component)))
            {
                contribution.Figures.Components.Add(new ComponentFigure { Component = FigureComponents.Name(component), Amount = Any(Amounts) });
            }
            else if (component is FigureComponent.Fossil or FigureComponent.Direct)
            {
                contribution.Figures.Components.Add(new ComponentFigure { Component = FigureComponents.Name(component), Amount = "0" });
            }
        }

        return contribution;
    }

    private async Task RequestAsync(Part part, RandomCompany supplier)
    {
        var trade = $"{Guid.CreateVersion7()}";
        await company.Trades.RequestTradeAsync(
            new()
            {
                TradeId = trade,
                SupplierOperatorId = $"{supplier.Id}",
                DownstreamTraceId = part.TraceId,
                Message = Often() ? Text() : $"  {Text()}\u3000{Text()} ",
                DueTime = Often() ? Moment(2025 + _random.Next(6)).ToTimestamp() : null,
            },
            company.Call);
        if (_random.Next(5) == 0)
        {
            await company.Trades.CancelTradeAsync(new() { TradeId = trade }, company.Call);
            return;
        }

        supplier.Asked.Add((trade, part.DeclaredUnit));
        Trades[part.TraceId] = [.. Trades.GetValueOrDefault(part.TraceId, []), trade];
    }

    private Guid Id => company.Company.OperatorId;

    private Dictionary<string, string[]> Trades { get; } = [];

    private async Task DescribeAsync(Part part)
    {
        if (Often())
        {
            // Only what was registered later goes in: no circle.
            await BillAsync(part, null);
            await BillAsync(part, Moment(_random.Next(2) == 0 ? 2020 : 2040));
        }

        if (!Often())
        {
            await BillAsync(part, null);
        }

        if (!Often())
        {
            await TryAsync(() => company.CertifyAsync(part.TraceId, "1"));
        }

        if (!Often())
        {
            await new ExportService.ExportServiceClient(company.Channel).DeclareProductFactsAsync(
                new() { TraceId = part.TraceId, Facts = { ["pcf.biogenic_carbon_kg"] = "1.5" } }, company.Call);
        }

        if (!Often())
        {
            await company.Footprints.RequireApprovalAsync(new() { TraceId = part.TraceId, Required = true }, company.Call);
        }
    }

    private async Task BillAsync(Part parent, DateTimeOffset? from)
    {
        var below = _parts.SkipWhile(part => part != parent).Skip(1).Where(_ => Often()).ToArray();
        var request = new DeclareBillOfMaterialsRequest { ParentTraceId = parent.TraceId, ValidFromTime = from?.ToTimestamp() };
        foreach (var child in below)
        {
            var unit = Unit.Find(child.DeclaredUnit)!;
            var line = new BillOfMaterialsLine
            {
                ChildTraceId = child.TraceId,
                Quantity = new Quantity { Amount = Any(Amounts), Unit = Any([.. Unit.All.Where(unit.ConvertsTo)]).Symbol },
            };
            if (Trades.GetValueOrDefault(child.TraceId) is { } trades && Often())
            {
                line.Suppliers.AddRange(trades.Length == 1
                    ? [new() { TradeId = trades[0], Share = "1" }]
                    : [new() { TradeId = trades[0], Share = "0.333333333333" }, new() { TradeId = trades[1], Share = "0.666666666667" }]);
            }

            request.Lines.Add(line);
        }

        await company.Parts.DeclareBillOfMaterialsAsync(request, company.Call);
    }

    private async Task ReleaseAsync(string trade)
    {
        var request = new GrantReleaseRequest
        {
            TradeId = trade,
            Purpose = Any(["product_footprint", "battery_passport", "cbam", "audit"]),
            Fields = { Often() ? FootprintField.Total : FootprintField.Stages },
        };
        request.Fields.AddRange(new[] { FootprintField.Rating, FootprintField.Components, FootprintField.Certificate }.Where(_ => Often()));
        if (!Often())
        {
            request.ValidUntilTime = Moment(2035).ToTimestamp();
        }

        if (!Often())
        {
            request.AcceptedFindings.AddRange(["single_supplier"]);
        }

        await company.Releases.GrantReleaseAsync(request, company.Call);
        if (_random.Next(5) == 0)
        {
            await company.Releases.RevokeReleaseAsync(new() { TradeId = trade }, company.Call);
        }
        else if (_random.Next(5) == 0)
        {
            await company.Trades.EndTradeAsync(new() { TradeId = trade }, company.Call);
        }
    }

    /// <summary>The beginning of a day, or a time within one, to the last that is kept.</summary>
    private DateTimeOffset Moment(int year) => new DateTimeOffset(year, _random.Next(1, 13), _random.Next(1, 29), 0, 0, 0, TimeSpan.Zero)
        .AddTicks(_random.Next(4) switch { 0 => 1, 1 => TimeSpan.TicksPerHour * 15, 2 => TimeSpan.TicksPerDay - 1, _ => 0 });

    private string Text() => string.Concat(Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Any(Texts)));

    private bool Often() => _random.Next(3) > 0;

    private T Any<T>(IReadOnlyList<T> values) => values[_random.Next(values.Count)];
}
