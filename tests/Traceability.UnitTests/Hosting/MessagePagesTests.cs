using Google.Protobuf.WellKnownTypes;
using Traceability.Hosting;
using Xunit;

namespace Traceability.UnitTests.Hosting;

public class MessagePagesTests
{
    [Fact]
    public void As_many_as_fit_are_shown_and_never_none()
    {
        StringValue[] items = [.. Enumerable.Repeat(new StringValue { Value = new string('x', 1000) }, 100)];

        Assert.Equal(100, items.ThatFit().Count);
        Assert.Equal(9, items.ThatFit(10_000).Count);
        Assert.Single(items.ThatFit(10));
        Assert.Empty(Array.Empty<StringValue>().ThatFit());
    }

    [Fact]
    public void Letters_count_as_the_bytes_they_take() => Assert.Equal(
        3,
        Enumerable.Repeat(new StringValue { Value = new string('電', 1000) }, 100).ThatFit(10_000).Count);

    /// <summary>Whoever follows the tokens sees every row once, whatever is cut.</summary>
    [Theory]
    [InlineData(10, 3, 100)]
    [InlineData(10, 100, 100)]
    [InlineData(10, 5, 2)]
    [InlineData(10, 10, 100)]
    [InlineData(0, 10, 100)]
    [InlineData(9, 3, 3)]
    public void Pages_lead_through_the_whole_list(int all, int size, int fitting)
    {
        int[] rows = [.. Enumerable.Range(1, all)];
        List<int> byKey = [];
        for (var token = "0"; token.Length > 0;)
        {
            int[] page = [.. rows.Where(row => row > int.Parse(token)).Take(size)];
            int[] shown = [.. page.Take(fitting)];
            byKey.AddRange(shown);
            token = MessagePages.Next(shown.Length, page, size, row => $"{row}");
        }

        Assert.Equal(rows, byKey);
    }
}
