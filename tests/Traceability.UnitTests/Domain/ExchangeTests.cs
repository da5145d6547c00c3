using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>Several companies that tell each other their totals, with the network doing its worst.</summary>
public class ExchangeTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 60)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_order_of_messages_and_changes_ends_where_one_roll_up_from_scratch_does(int seed)
    {
        var random = new Random(seed);
        var chain = RandomChain(random, companies: random.Next(3, 9));
        for (var change = 0; change < 25; change++)
        {
            chain.Declare(random.Next(chain.Members.Count), random.Next(1, 100_000) / 1000m);
            for (var deliveries = random.Next(0, 6); deliveries > 0; deliveries--)
            {
                chain.DeliverOne(random);
            }
        }

        chain.DeliverAll(random);

        var scratch = new Dictionary<int, decimal>();
        foreach (var (index, member) in chain.Members.Index())
        {
            scratch[index] = Math.Round(
                member.Own + member.Buys.Sum(line => line.Amount * scratch[line.Supplier]), 12, MidpointRounding.ToEven);
        }

        Assert.Equal(
            scratch.Values, chain.Members.Select(member => StatedFigures.Of(member.Footprint.Figures!).Total));
        Assert.All(chain.Members, member => Assert.True(member.Footprint.Complete));
    }

    [Fact]
    public void A_loop_of_companies_with_a_gain_below_one_converges()
    {
        var chain = Loop(gain: 0.1m);

        chain.DeliverAll(new Random(1));

        // a = 10 + 0.5 b, b = 4 + 0.2 a
        Assert.Equal(40m / 3, chain.Members[0].Footprint.Figures!.Total, 10);
        Assert.Equal(20m / 3, chain.Members[1].Footprint.Figures!.Total, 10);
        Assert.InRange(chain.Members[0].Footprint.FootprintVersion, 2, 40);
        Assert.Null(chain.Members[0].Footprint.Held);
    }

    [Fact]
    public void A_loop_of_companies_with_a_gain_of_one_is_held()
    {
        var chain = Loop(gain: 1m);

        chain.DeliverAll(new Random(1));

        Assert.Contains(chain.Members, member => member.Footprint.Held == HoldReason.TooManyRevisions);
        Assert.All(chain.Members, member => Assert.InRange(
            member.Footprint.FootprintVersion, 1, Footprint.MaxRevisionsPerHour));
    }

    [Fact]
    public void A_diamond_inside_a_company_is_rolled_up_once()
    {
        var company = new Company();
        var (cell, left, right, pack) = (
            company.Bought("cell"), company.Made("left"), company.Made("right"), company.Made("pack"));
        var built = company.Own(left, 1).Own(right, 1).Own(pack, 1).Answer(cell, 3)
            .Contains(left, (cell, 1)).Contains(right, (cell, 1)).Contains(pack, (left, 1), (right, 1));
        List<TraceId> rolledUp = [];

        CompanyRollUp.Of(built.Records).Update([left, right], (part, _) =>
        {
            rolledUp.Add(part);
            return true;
        });

        Assert.Equal([left, right, pack], rolledUp);
    }

    private static Chain Loop(decimal gain)
    {
        var chain = new Chain();
        chain.Add(new() { Buys = [(1, 0.5m)] });
        chain.Add(new() { Buys = [(0, gain * 2)] });
        chain.Declare(0, 10);
        chain.Declare(1, 4);
        return chain;
    }

    private static Chain RandomChain(Random random, int companies)
    {
        var chain = new Chain();
        for (var index = 0; index < companies; index++)
        {
            chain.Add(new()
            {
                Buys = [.. Enumerable.Range(0, index).Where(_ => random.Next(2) == 0)
                    .Select(supplier => (supplier, random.Next(1, 4000) / 1000m))],
            });
        }

        for (var index = 0; index < companies; index++)
        {
            chain.Declare(index, random.Next(1, 100));
        }

        return chain;
    }

    private sealed record Message(int From, int To, long Version, Figures Figures, bool Complete);

    /// <summary>A company with one product, made of what it buys from others.</summary>
    private sealed record Member
    {
        public TraceId Product { get; } = Any.Part();

        public IReadOnlyList<(int Supplier, decimal Amount)> Buys { get; init; } = [];

        public Dictionary<int, UpstreamTotal> Received { get; } = [];

        public Footprint Footprint { get; set; } = Footprint.Unknown(default);

        public decimal Own { get; set; }
    }

    /// <summary>The rules of the product between companies: what is told when, and what is done with it.</summary>
    private sealed class Chain
    {
        private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

        private readonly List<Message> _underWay = [];

        public List<Member> Members { get; } = [];

        public void Add(Member member) => Members.Add(member);

        public void Declare(int index, decimal own)
        {
            var member = Members[index];
            member.Own = own;
            member.Footprint = member.Footprint with { TraceId = member.Product, Contribution = Company.Of(own) };
            RollUp(index);
        }

        /// <summary>Takes any message, not the next; now and then it arrives twice.</summary>
        public void DeliverOne(Random random)
        {
            if (_underWay.Count == 0)
            {
                return;
            }

            var at = random.Next(_underWay.Count);
            var message = _underWay[at];
            if (random.Next(5) > 0)
            {
                _underWay.RemoveAt(at);
            }

            var member = Members[message.To];
            var received = new UpstreamTotalReceived(
                TradeOf(message.From, message.To), PartOf(message.From, message.To), message.Version, message.Figures,
                message.Complete, "kilogram", null, "", Now);
            var before = member.Received.GetValueOrDefault(message.From);
            foreach (var e in UpstreamTotal.Receive(before, received, "").OfType<UpstreamTotalReceived>())
            {
                member.Received[message.From] = UpstreamTotal.Evolve(before, e)!;
                RollUp(message.To);
            }
        }

        public void DeliverAll(Random random)
        {
            while (_underWay.Count > 0)
            {
                DeliverOne(random);
            }
        }

        private void RollUp(int index)
        {
            var member = Members[index];
            var before = member.Footprint;
            CompanyRollUp.Of(Records(index)).Update([member.Product], (_, result) =>
            {
                var events = before.RollUp(result, Now);
                member.Footprint = events.Aggregate(before, (state, e) => Footprint.Evolve(state, e)!);
                return events.Length > 0;
            });
            if (!member.Footprint.IsNewsToOthers(before))
            {
                return;
            }

            var stated = StatedFigures.Of(member.Footprint.Figures!).ToFigures();
            foreach (var (buyer, other) in Members.Index())
            {
                if (other.Buys.Any(line => line.Supplier == index))
                {
                    _underWay.Add(new(index, buyer, member.Footprint.FootprintVersion, stated, member.Footprint.Complete));
                }
            }
        }

        private CompanyRecords Records(int index)
        {
            var member = Members[index];
            Part[] parts =
            [
                new(member.Product, "product", PartKind.Made, "kilogram", Now),
                .. member.Buys.Select(line => new Part(
                    PartOf(line.Supplier, index), "bought", PartKind.Bought, "kilogram", Now)),
            ];
            return new(
                parts.ToDictionary(part => part.TraceId),
                new Dictionary<TraceId, IReadOnlyList<BillOfMaterialsLine>>
                {
                    [member.Product] =
                    [
                        .. member.Buys.Select(line => new BillOfMaterialsLine(
                            PartOf(line.Supplier, index), line.Amount, "kilogram")),
                    ],
                },
                new Dictionary<TraceId, Footprint> { [member.Product] = member.Footprint },
                member.Received.Values.ToLookup(upstream => upstream.TraceId),
                default);
        }

        private static TradeId TradeOf(int supplier, int buyer) => new(new(1, (short)supplier, (short)buyer, new byte[8]));

        private static TraceId PartOf(int supplier, int buyer) => new(new(2, (short)supplier, (short)buyer, new byte[8]));
    }
}
