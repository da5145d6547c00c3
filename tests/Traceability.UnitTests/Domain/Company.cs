using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;

namespace Traceability.UnitTests.Domain;

/// <summary>What a company knows, said in a line. Each step gives a new one.</summary>
internal sealed record Company
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Names are known to all, so that tests can share them.</summary>
    private readonly Dictionary<TraceId, Part> _parts = [];

    private IReadOnlyDictionary<TraceId, IReadOnlyList<BillOfMaterialsLine>> Bills { get; init; } =
        new Dictionary<TraceId, IReadOnlyList<BillOfMaterialsLine>>();

    private IReadOnlyDictionary<TraceId, Footprint> Footprints { get; init; } = new Dictionary<TraceId, Footprint>();

    private IReadOnlyList<UpstreamTotal> Upstreams { get; init; } = [];

    public static Figures Of(decimal amount) => Figures.Of([new(LifeCycleStage.MainProduction, amount)]);

    public TraceId Made(string name) => Add(name, PartKind.Made);

    public TraceId Bought(string name) => Add(name, PartKind.Bought);

    public Company Own(TraceId part, decimal amount) => Own(part, Of(amount));

    public DateTimeOffset Time { get; init; } = Now;

    /// <summary>The same company at another moment.</summary>
    public Company At(DateTimeOffset time) => this with { Time = time };

    public Company OwnUntil(TraceId part, decimal amount, DateTimeOffset until)
    {
        var company = Own(part, amount);
        return company with
        {
            Footprints = company.Footprints.ToDictionary(
                one => one.Key, one => one.Key == part ? one.Value with { ValidUntil = until } : one.Value),
        };
    }

    public Company AnswerUntil(TraceId part, decimal amount, DateTimeOffset until)
    {
        var company = Answer(part, amount);
        return company with
        {
            Upstreams = [.. company.Upstreams.Select(one => one.TraceId == part ? one with { ValidUntil = until } : one)],
        };
    }

    public Company Own(TraceId part, Figures figures) => this with
    {
        Footprints = new Dictionary<TraceId, Footprint>(Footprints)
        {
            [part] = (Footprints.GetValueOrDefault(part) ?? Footprint.Unknown(part)) with { Contribution = figures },
        },
    };

    public Company Standing(TraceId part, RollUpResult result) => this with
    {
        Footprints = new Dictionary<TraceId, Footprint>(Footprints)
        {
            [part] = (Footprints.GetValueOrDefault(part) ?? Footprint.Unknown(part)) with
            {
                Figures = result.Figures,
                Complete = result.Complete,
            },
        },
    };

    public Company Answer(TraceId part, decimal amount) => Answer(part, Of(amount));

    public Company Answer(
        TraceId part, Figures figures, bool complete = true, string unit = "kilogram", TradeId? trade = null)
    {
        var id = trade ?? new TradeId(part.Value);
        var answer = new UpstreamTotal(id, part, LineState.Answered, figures, complete, 1, unit, null, Now);
        return this with { Upstreams = [.. Upstreams.Where(one => one.TradeId != id), answer] };
    }

    public Company Contains(TraceId parent, params (TraceId Child, decimal Amount)[] lines) =>
        Contains(parent, [.. lines.Select(line => new BillOfMaterialsLine(line.Child, line.Amount, "kilogram"))]);

    public Company Contains(TraceId parent, params BillOfMaterialsLine[] lines) => this with
    {
        Bills = new Dictionary<TraceId, IReadOnlyList<BillOfMaterialsLine>>(Bills) { [parent] = lines },
    };

    public CompanyRecords Records => new(
        _parts,
        _parts.Values.Where(part => part.Kind == PartKind.Made)
            .ToDictionary(part => part.TraceId, part => Bills.GetValueOrDefault(part.TraceId, [])),
        Footprints,
        Upstreams.ToLookup(one => one.TraceId),
        Time);

    public CompanyRollUp RollUp() => CompanyRollUp.Of(Records).All();

    private TraceId Add(string name, PartKind kind)
    {
        var part = new Part(Any.Part(), name, kind, "kilogram", Now);
        _parts.Add(part.TraceId, part);
        return part.TraceId;
    }
}
