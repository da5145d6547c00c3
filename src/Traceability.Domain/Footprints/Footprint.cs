using System.Text.Json.Serialization;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Writings;

namespace Traceability.Domain.Footprints;

/// <summary>What figures are about; half open.</summary>
public record ReferencePeriod(DateTimeOffset Start, DateTimeOffset End);

/// <summary>
/// The operator said what it emits itself for one declared unit of a part it makes, or what a data set says of one it
/// buys.
/// </summary>
public record ContributionDeclared(
    TraceId TraceId, IReadOnlyList<StageFigure> Stages, ReferencePeriod Period, DateTimeOffset DeclaredAt,
    decimal? PrimaryShare = null, IReadOnlyList<ComponentFigure>? Components = null, string? Source = null,
    DateTimeOffset? ValidUntil = null);

/// <summary>The operator said it anew.</summary>
public record ContributionRevised(
    TraceId TraceId, IReadOnlyList<StageFigure> Stages, ReferencePeriod Period, DateTimeOffset RevisedAt,
    decimal? PrimaryShare = null, IReadOnlyList<ComponentFigure>? Components = null, string? Source = null,
    DateTimeOffset? ValidUntil = null);

/// <summary>What a data set says of a bought part counts no longer: until its supplier answers, it is a gap.</summary>
public record TypedFigureTakenBack(TraceId TraceId, DateTimeOffset TakenBackAt);

/// <summary>Own part and inputs were added up. Figures are exact; null while nothing is known.</summary>
public record FootprintRolledUp(
    TraceId TraceId, long Version, Figures? Figures, bool Complete, ReferencePeriod? Period,
    IReadOnlyList<RollUpInput> Inputs, DateTimeOffset RolledUpAt, Figures? Own = null);

/// <summary>A new total waits for a person's approval; the one before it stands.</summary>
public record FootprintProposed(
    TraceId TraceId, Figures? Figures, bool Complete, IReadOnlyList<RollUpInput> Inputs, DateTimeOffset ProposedAt,
    Figures? Own);

/// <summary>From now on new totals of the part need a person's approval.</summary>
public record ApprovalRequired(TraceId TraceId, DateTimeOffset RequiredAt);

/// <summary>From now on new totals of the part stand by themselves.</summary>
public record ApprovalWaived(TraceId TraceId, DateTimeOffset WaivedAt);

/// <summary>A person approved the proposed total.</summary>
public record FootprintApproved(TraceId TraceId, long Version, DateTimeOffset ApprovedAt);

/// <summary>The part changed too often, or out of bounds: a loop between companies that does not settle.</summary>
public record FootprintHeld(TraceId TraceId, HoldReason Reason, DateTimeOffset HeldAt);

/// <summary>Why new totals of a part are held until a person has looked.</summary>
public enum HoldReason
{
    TooManyRevisions = 1,
    TooLarge = 2,
}

/// <summary>What went into a total: enough to explain it, and to compare it with another.</summary>
/// <param name="ChildTraceId">The part that goes in.</param>
/// <param name="State">Whether there was a figure.</param>
/// <param name="Version">Of the child's footprint.</param>
/// <param name="TradeId">The trade that answered it.</param>
/// <param name="Origin">Who says what it is worth.</param>
/// <param name="Amount">How much goes into one declared unit, in the unit of the child's figures.</param>
/// <param name="Unit">That unit.</param>
/// <param name="ChildTotal">In kilogram CO2e per that unit.</param>
/// <param name="Complete">Whether the child's figures were all there is.</param>
public record RollUpInput(
    TraceId ChildTraceId, LineState State, long? Version, TradeId? TradeId = null, LineOrigin? Origin = null,
    decimal? Amount = null, string? Unit = null, decimal? ChildTotal = null, bool? Complete = null);

/// <summary>A total that waits for approval.</summary>
public record Proposal(
    Figures? Figures, bool Complete, IReadOnlyList<RollUpInput> Inputs, DateTimeOffset ProposedAt, Figures? Own);

/// <summary>
/// Emissions of a part: the operator's own contribution (or, for a bought part, the figure it typed from a data set),
/// and for a made part the total that stands.
/// </summary>
public record Footprint(
    TraceId TraceId, Figures? Contribution, ReferencePeriod? Period, Figures? Figures, bool Complete,
    long FootprintVersion, DateTimeOffset? RolledUpAt) : IState<Footprint>
{
    /// <summary>
    /// A part with more new totals in an hour is in a loop that does not settle. Converging loops need about
    /// log(1e-12) / log(gain) rounds: 40 at a half, 262 at nine tenths.
    /// </summary>
    public const int MaxRevisionsPerHour = 1000;

    /// <summary>The name of a data set, and where in it.</summary>
    public const int MaxSource = 500;

    /// <summary>More is no real footprint of anything (see <see cref="Amount.MaxIntegerDigits"/>).</summary>
    private const decimal TooLarge = 1_000_000_000_000_000m;

    private static readonly TimeSpan BudgetWindow = TimeSpan.FromHours(1);

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    /// <summary>The share of primary data as it was declared, also of a total that is zero.</summary>
    public decimal? PrimaryShare { get; init; }

    /// <summary>Where a typed figure comes from.</summary>
    public string? Source { get; init; }

    /// <summary>Exclusive end of what was declared.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>What the total that stands is about, and until when its own part may be used.</summary>
    public ReferencePeriod? StandingPeriod { get; init; }

    public DateTimeOffset? StandingValidUntil { get; init; }

    /// <summary>
    /// What went into the total that stands, and into the one before it: enough to explain the change.
    /// </summary>
    public TotalOfInputs Standing { get; init; } = TotalOfInputs.Nothing;

    public TotalOfInputs Before { get; init; } = TotalOfInputs.Nothing;

    public bool ApprovalRequired { get; init; }

    public HoldReason? Held { get; init; }

    public Proposal? Proposal { get; init; }

    /// <summary>Since when revisions are counted, and how many there were.</summary>
    public DateTimeOffset? BudgetSince { get; init; }

    public int Revisions { get; init; }

    public static Footprint? Evolve(Footprint? footprint, object e) => e switch
    {
        ContributionDeclared d => Of(footprint, d.TraceId).Declared(
            d.Stages, d.PrimaryShare, d.Components, d.Period, d.Source, d.ValidUntil),
        ContributionRevised r => Of(footprint, r.TraceId).Declared(
            r.Stages, r.PrimaryShare, r.Components, r.Period, r.Source, r.ValidUntil),
        TypedFigureTakenBack t => Of(footprint, t.TraceId) with
        {
            Contribution = null,
            PrimaryShare = null,
            Period = null,
            Source = null,
            ValidUntil = null,
        },
        FootprintRolledUp r => Of(footprint, r.TraceId).RolledUp(r),
        FootprintProposed p => Of(footprint, p.TraceId) with
        {
            Proposal = new(p.Figures, p.Complete, p.Inputs, p.ProposedAt, p.Own),
        },
        ApprovalRequired a => Of(footprint, a.TraceId) with { ApprovalRequired = true },
        ApprovalWaived w => Of(footprint, w.TraceId) with { ApprovalRequired = false },
        FootprintHeld h => Of(footprint, h.TraceId) with { Held = h.Reason },
        FootprintApproved a => Of(footprint, a.TraceId) with { Held = null, BudgetSince = null, Revisions = 0 },
        _ => footprint,
    };

    /// <summary>A part of which nothing was said yet.</summary>
    public static Footprint Unknown(TraceId traceId) => new(traceId, null, null, null, false, 0, null);

    /// <summary>The events that make the declaration true; none if it already is.</summary>
    /// <param name="existing">The footprint as it stands.</param>
    /// <param name="part">A made part, or a bought one: then the source is needed.</param>
    /// <param name="declared">What is declared; the time is that of now.</param>
    public static object[] Declare(Footprint? existing, Part part, ContributionDeclared declared)
    {
        part.MustBeInUse();
        if (part.Kind == PartKind.Bought && string.IsNullOrEmpty(declared.Source))
        {
            throw new RefusedException(
                RefusalReason.WrongKindOfPart,
                $"Part {part.TraceId} is bought: its supplier answers. A figure of a data set counts until then; name "
                    + "its source.",
                ("trace_id", part.TraceId.ToString()),
                ("kind", part.Kind.ToString()));
        }

        var before = existing ?? Unknown(part.TraceId);
        var after = Evolve(before, declared)!;
        var same = before.Contribution is not null && Weighed(before.Contribution).Equals(Weighed(after.Contribution!))
            && (before.Period, before.ValidUntil, before.PrimaryShare)
                == (after.Period, after.ValidUntil, after.PrimaryShare)
            && Writing.Same(before.Source, after.Source);
        return (before.Contribution, same) switch
        {
            (_, true) => [],
            (null, _) => [declared],
            _ =>
            [
                new ContributionRevised(
                    declared.TraceId, declared.Stages, declared.Period, declared.DeclaredAt, declared.PrimaryShare,
                    declared.Components, declared.Source, declared.ValidUntil),
            ],
        };
    }

    /// <summary>The events after which nothing is typed of a bought part; none if nothing is.</summary>
    /// <param name="existing">The footprint as it stands.</param>
    /// <param name="part">A bought part: what a company emits itself is declared anew, and never unknown again.</param>
    /// <param name="now">The moment of the act.</param>
    public static object[] TakeBack(Footprint? existing, Part part, DateTimeOffset now)
    {
        part.MustBeInUse();
        part.MustBe(PartKind.Bought);
        return existing?.Contribution is null ? [] : [new TypedFigureTakenBack(part.TraceId, now)];
    }

    /// <summary>
    /// A rating of zero emissions says nothing: what was declared of them stands in the scores, since these are kept.
    /// </summary>
    private static Figures Weighed(Figures figures) => figures with
    {
        Rating = figures.Rating is { Rated: 0 } ? null : figures.Rating,
        Stages =
        [
            .. (figures.Stages ?? [])
                .Select(stage => stage.Rating is { Rated: 0 } ? stage with { Rating = null } : stage),
        ],
    };

    /// <summary>What was declared, as long as it may be used: what has run out is missing.</summary>
    public Figures? ContributionAt(DateTimeOffset time) => HasRunOut(time) ? null : Contribution;

    public bool HasRunOut(DateTimeOffset time) => Contribution is not null && ValidUntil <= time;

    /// <summary>
    /// A new version if anything has changed that reaches a document or a customer: the figures to the last digit,
    /// because parts above in the same company are computed with them, what they are about, and until when they hold.
    /// </summary>
    public object[] RollUp(RollUpResult result, DateTimeOffset now)
    {
        if (FootprintVersion > 0 && Complete == result.Complete && Equals(Figures, result.Figures)
            && (StandingPeriod, StandingValidUntil) == (Period, ValidUntil))
        {
            return [];
        }

        var inputs = result.Lines.Select(line => line.ToInput()).ToArray();
        var hold = Held is null ? Exceeds(result, now) : null;
        if (hold is null && Held is null && !ApprovalRequired)
        {
            return [New(result.Figures, result.Complete, inputs, result.Own, now)];
        }

        var proposed = Proposal is not null && Proposal.Complete == result.Complete
            && Equals(Proposal.Figures, result.Figures);
        object[] proposal = proposed
            ? []
            : [new FootprintProposed(TraceId, result.Figures, result.Complete, inputs, now, result.Own)];
        return hold is { } reason ? [new FootprintHeld(TraceId, reason, now), .. proposal] : proposal;
    }

    /// <summary>Whether customers see another figure than before: if not, nothing is passed on, so loops end.</summary>
    public bool IsNewsToOthers(Footprint? before) =>
        Figures is not null
        && (before?.Figures is null || Complete != before.Complete
            || (StandingPeriod, StandingValidUntil) != (before.StandingPeriod, before.StandingValidUntil)
            || !StatedFigures.Of(Figures).Equals(StatedFigures.Of(before.Figures)));

    /// <summary>New totals of the part wait for a person from now on, or no longer.</summary>
    public static object[] RequireApproval(Footprint? existing, Part part, bool required, DateTimeOffset now)
    {
        part.MustBeInUse();
        part.MustBe(PartKind.Made);
        return ((existing?.ApprovalRequired ?? false) == required, required) switch
        {
            (true, _) => [],
            (_, true) => [new ApprovalRequired(part.TraceId, now)],
            _ => [new ApprovalWaived(part.TraceId, now)],
        };
    }

    /// <summary>The proposed total stands. None if nothing waits.</summary>
    public object[] Approve(DateTimeOffset now) => Proposal is null
        ? []
        :
        [
            new FootprintApproved(TraceId, FootprintVersion + 1, now),
            New(Proposal.Figures, Proposal.Complete, Proposal.Inputs, Proposal.Own, now),
        ];

    private FootprintRolledUp New(
        Figures? figures, bool complete, IReadOnlyList<RollUpInput> inputs, Figures? own, DateTimeOffset now) =>
        new(TraceId, FootprintVersion + 1, figures, complete, Period, inputs, now, own);

    /// <summary>The bounds of a loop between companies. Time is that of the events, so a replay counts alike.</summary>
    private HoldReason? Exceeds(RollUpResult result, DateTimeOffset now) =>
        result.Overflowed || result.Figures?.Total >= TooLarge ? HoldReason.TooLarge
        : Revisions >= MaxRevisionsPerHour && now - BudgetSince < BudgetWindow ? HoldReason.TooManyRevisions
        : null;

    private Footprint Declared(
        IReadOnlyList<StageFigure> stages, decimal? primaryShare, IReadOnlyList<ComponentFigure>? components,
        ReferencePeriod period, string? source, DateTimeOffset? validUntil) => this with
        {
            Contribution = Footprints.Figures.Of(stages, primaryShare, components),
            PrimaryShare = primaryShare,
            Period = period,
            Source = source,
            ValidUntil = validUntil,
        };

    private Footprint RolledUp(FootprintRolledUp e)
    {
        var fresh = BudgetSince is null || e.RolledUpAt - BudgetSince >= BudgetWindow;
        return this with
        {
            Figures = e.Figures,
            Complete = e.Complete,
            FootprintVersion = e.Version,
            RolledUpAt = e.RolledUpAt,
            StandingPeriod = e.Period,
            StandingValidUntil = ValidUntil,
            Standing = TotalOfInputs.Of(e),
            Before = Standing,
            Proposal = null,
            BudgetSince = fresh ? e.RolledUpAt : BudgetSince,
            Revisions = fresh ? 1 : Revisions + 1,
        };
    }

    private static Footprint Of(Footprint? footprint, TraceId traceId) => footprint ?? Unknown(traceId);
}
