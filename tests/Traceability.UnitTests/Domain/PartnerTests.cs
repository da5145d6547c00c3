using Traceability.Domain;
using Traceability.Domain.Operators;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>How members come to know each other.</summary>
public sealed class PartnerTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);
    private static readonly OperatorId Inviter = Any.Operator();
    private static readonly OperatorId Invitee = Any.Operator();

    [Theory]
    [InlineData("JP-CN:1180301018771", "JP-CN:1180301018771")]
    [InlineData("jp-cn: 7-0000-1205-0002", "JP-CN:7000012050002")]
    [InlineData("LEI:5493006W3QUS5LMH6R84", "LEI:5493006W3QUS5LMH6R84")]
    [InlineData("lei:5299 00t8 bm49 aurs do55", "LEI:529900T8BM49AURSDO55")]
    [InlineData("DUNS:15-048-3782", "DUNS:150483782")]
    [InlineData("JP-CN:1180301018772", null)]
    [InlineData("JP-CN:2180301018771", null)]
    [InlineData("JP-CN:118030101877", null)]
    [InlineData("LEI:5493006W3QUS5LMH6R85", null)]
    [InlineData("LEI:5493006W3QUS5LMH6R8", null)]
    [InlineData("DUNS:15048378X", null)]
    [InlineData("VAT:DE123456789", null)]
    [InlineData("1180301018771", null)]
    [InlineData("JP-CN:JP-CN:1180301018771", null)]
    [InlineData("JP-CN:\u0661180301018771", null)]
    [InlineData("", null)]
    public void A_business_number_is_right_to_its_check_digit(string text, string? number) =>
        Assert.Equal(number, BusinessNumber.Find(text)?.ToString());

    [Fact]
    public void A_number_belongs_to_one_member()
    {
        var number = BusinessNumber.Find("DUNS:150483782")!;
        var holder = NumberedOperator.Evolve(null, Assert.Single(NumberedOperator.Record(null, number, Inviter, Now)))!;

        Assert.Empty(NumberedOperator.Record(holder, number, Inviter, Now));
        Assert.Equal(
            RefusalReason.AlreadyExists,
            Assert.Throws<RefusedException>(() => NumberedOperator.Record(holder, number, Invitee, Now)).Reason);
    }

    [Fact]
    public void An_invitation_is_good_for_one_other_member_and_thirty_days()
    {
        var invitation = Invitation.Evolve(null, Assert.Single(Invitation.Invite(Inviter, Now)))!;
        var end = Now.AddDays(30);
        var accepted = Invitation.Evolve(
            invitation, Assert.Single(Invitation.Accept(invitation, Invitee, end.AddTicks(-1))))!;

        Assert.Empty(Invitation.Accept(accepted, Invitee, end.AddYears(1)));
        foreach (var (known, who, when) in new[]
        {
            (null, Invitee, Now), (invitation, Inviter, Now), (invitation, Invitee, end), (accepted, Any.Operator(), Now),
        })
        {
            var refused = Assert.Throws<RefusedException>(() => Invitation.Accept(known, who, when));
            Assert.Equal(RefusalReason.NotDisclosed, refused.Reason);
            Assert.Equal(Assert.Throws<RefusedException>(() => Invitation.Accept(null, who, when)).Message, refused.Message);
        }
    }

    [Fact]
    public void Members_are_introduced_once()
    {
        var introduced = Assert.Single(Acquaintance.Introduce(null, Inviter, Invitee, IntroducedBy.Trade, Now));

        Assert.Empty(Acquaintance.Introduce(
            Acquaintance.Evolve(null, introduced), Invitee, Inviter, IntroducedBy.Invitation, Now));
        Assert.Equal(StreamNames.Acquaintance(Inviter, Invitee), StreamNames.Acquaintance(Invitee, Inviter));
    }

    [Fact]
    public void Members_are_not_listed_before_they_say_so_and_those_of_before_are()
    {
        var enrolled = Fold(Operator.Enrol(null, Inviter, "A", Now));
        var before = Fold([new OperatorEnrolled(Inviter, "A", Now)]);

        Assert.False(enrolled.IsListed);
        Assert.True(before.IsListed);
        Assert.Empty(enrolled.List(false, Now));
        Assert.IsType<OperatorListed>(Assert.Single(enrolled.List(true, Now)));
        Assert.IsType<OperatorUnlisted>(Assert.Single(before.List(false, Now)));
        Assert.True(Fold(Operator.Enrol(null, Inviter, "A", Now, listed: true)).IsListed);
    }

    private static Operator Fold(IEnumerable<object> events) => events.Aggregate((Operator?)null, Operator.Evolve)!;
}
