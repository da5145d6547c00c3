using Traceability.Domain;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>What a certificate is worth, to who recorded it and to who was shown it.</summary>
public sealed class CertificateTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset End = Start.AddYears(1);
    private static readonly TraceId Part = Any.Part();
    private static readonly TradeId Trade = Any.Trade();
    private static readonly Guid Id = Guid.CreateVersion7();
    private static readonly StatedCertificate Shown = new(Id, "Verifier", 1, Start, End);

    [Fact]
    public void One_that_is_valid_and_matches_is_in_force_and_nothing_else() =>
        Assert.Equal([CertificateStanding.InForce], Recorded().StandingsAt(End.AddTicks(-1), Footprint(3)));

    [Fact]
    public void One_that_has_run_out_and_no_longer_matches_says_both()
    {
        Assert.Equal([CertificateStanding.Expired], Recorded().StandingsAt(End, Footprint(3)));
        Assert.Equal([CertificateStanding.NoLongerMatching], Recorded().StandingsAt(Start, Footprint(4)));
        Assert.Equal(
            [CertificateStanding.NoLongerMatching, CertificateStanding.Expired],
            Recorded().StandingsAt(End, Footprint(4)));
        Assert.Equal(
            [CertificateStanding.NoLongerMatching, CertificateStanding.NotYetValid],
            Recorded().StandingsAt(Start.AddTicks(-1), Footprint(4)));
    }

    [Fact]
    public void One_that_was_withdrawn_says_so_before_all_else_and_is_withdrawn_once()
    {
        var withdrawn = After(Recorded(), Certificate.Withdraw(Recorded(), Id, Start));
        Assert.Equal(
            [CertificateStanding.Withdrawn, CertificateStanding.NoLongerMatching, CertificateStanding.Expired],
            withdrawn.StandingsAt(End, Footprint(4)));
        Assert.Equal(CertificateStanding.Withdrawn, withdrawn.At(Start, Footprint(3)));
        Assert.Empty(Certificate.Withdraw(withdrawn, Id, End));
    }

    [Fact]
    public void One_that_is_not_there_is_not_disclosed() =>
        Refusal.Of(RefusalReason.NotDisclosed, () => Certificate.Withdraw(null, Id, Start));

    [Fact]
    public void Its_end_is_seen_when_it_has_come_and_once()
    {
        Assert.Empty(Certificate.Expire(Recorded(), End.AddTicks(-1)));
        var expired = After(Recorded(), Certificate.Expire(Recorded(), End));
        Assert.Equal(End, expired.ExpiredAt);
        Assert.Empty(Certificate.Expire(expired, End.AddDays(1)));
    }

    [Fact]
    public void A_customer_to_whom_it_is_not_shown_any_more_knows_it_as_withdrawn()
    {
        var upstream = Received(Received(null, 3, 1, Shown), 3, 1);
        Assert.Equal([CertificateStanding.Withdrawn], Standings(upstream, Start));
    }

    [Fact]
    public void A_customer_knows_one_whose_time_is_over_as_expired_and_not_as_withdrawn()
    {
        var shown = Received(null, 3, 1, Shown);
        Assert.Equal([CertificateStanding.InForce], Standings(shown, End.AddTicks(-1)));
        Assert.Equal([CertificateStanding.Expired], Standings(shown, End));
        Assert.Equal([CertificateStanding.Expired], Standings(Received(shown, 3, 1), End));
    }

    [Fact]
    public void A_customer_knows_one_that_has_run_out_and_is_about_earlier_figures_as_both()
    {
        var moved = Received(Received(null, 3, 1, Shown), 4, 2);
        Assert.Equal([CertificateStanding.NoLongerMatching], Standings(moved, Start));
        Assert.Equal([CertificateStanding.NoLongerMatching, CertificateStanding.Expired], Standings(moved, End));
        var movedLater = Received(Received(Received(null, 3, 1, Shown), 3, 1), 4, 2);
        Assert.Equal(
            [CertificateStanding.Withdrawn, CertificateStanding.NoLongerMatching], Standings(movedLater, Start));
    }

    [Fact]
    public void One_that_is_shown_again_is_in_force_again()
    {
        var upstream = Received(Received(Received(null, 3, 1, Shown), 4, 2), 3, 3, Shown);
        Assert.Equal([CertificateStanding.InForce], Standings(upstream, Start));
        Assert.Equal([CertificateStanding.InForce], Standings(Received(Received(upstream, 3, 3), 3, 3, Shown), Start));
    }

    private static IReadOnlyList<CertificateStanding> Standings(UpstreamTotal upstream, DateTimeOffset time) =>
        Assert.Single(upstream.CertificatesAt(time)).Standings;

    private static Certificate Recorded() => Certificate.Evolve(
        null,
        new CertificateRecorded(Id, Part, "Verifier", 1, StatedFigures.Of(Figures(3)), Start, End, Start, "signed"))!;

    private static Certificate After(Certificate certificate, object[] events) =>
        events.Aggregate(certificate, (state, e) => Certificate.Evolve(state, e)!);

    private static Footprint Footprint(decimal kilograms) =>
        Traceability.Domain.Footprints.Footprint.Unknown(Part) with { Figures = Figures(kilograms) };

    private static Figures Figures(decimal kilograms) =>
        Traceability.Domain.Footprints.Figures.Of([new(LifeCycleStage.MainProduction, kilograms)]);

    private static UpstreamTotal Received(
        UpstreamTotal? before, decimal kilograms, long version, params StatedCertificate[] certificates) =>
        UpstreamTotal.Evolve(
            before,
            new UpstreamTotalReceived(
                Trade, Part, version, Figures(kilograms), true, "piece", null, "presentation", Start,
                Certificates: [.. certificates.Select(one => new ReceivedCertificate(one, "signed"))]))!;
}
