using Traceability.Domain;
using Traceability.Domain.Operators;
using Xunit;

namespace Traceability.UnitTests.Domain;

public class OperatorTests
{
    private static readonly OperatorId Id = Any.Operator();
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_name_may_change_with_its_history_and_the_id_keys_and_standing_stay()
    {
        var member = Fold(null, Operator.Enrol(null, Id, "Cathode Works", Now));
        member = Fold(member, member.Publish("k", KeyUse.Signing, "{}", Now));
        var merged = Fold(member, member.Rename("Cathode Holding", Now.AddDays(1)));
        var again = Fold(merged, merged.Rename("Cathode Works", Now.AddDays(2)));

        Assert.Equal((Id, "Cathode Holding", true, Now), (merged.OperatorId, merged.Name, merged.Active, merged.EnrolledAt));
        Assert.Equal(member.Keys, merged.Keys);
        Assert.Equal([new("Cathode Works", Now.AddDays(1))], merged.FormerNames);
        Assert.Equal(
            [new FormerName("Cathode Works", Now.AddDays(1)), new("Cathode Holding", Now.AddDays(2))], again.FormerNames);
        Assert.Empty(merged.Rename("Cathode Holding", Now.AddDays(3)));
    }

    [Fact]
    public void Enrolling_under_a_name_it_had_is_no_news_and_under_any_other_the_id_is_taken()
    {
        var member = Fold(null, Operator.Enrol(null, Id, "Cathode Works", Now));
        member = Fold(member, member.Rename("Cathode Holding", Now));

        Assert.Empty(Operator.Enrol(member, Id, "Cathode Works", Now));
        Assert.Empty(Operator.Enrol(member, Id, "Cathode Holding", Now));
        Refusal.Of(RefusalReason.AlreadyExists, () => Operator.Enrol(member, Id, "Anode Works", Now));
    }

    private static Operator Fold(Operator? member, object[] events) => events.Aggregate(member, Operator.Evolve)!;
}
