using System.Text.RegularExpressions;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Repository;

/// <summary>What the documents promise is shown by tests that there are.</summary>
public sealed partial class SecurityDocumentTests
{
    private static readonly string[] Verdicts = ["met", "not met", "n/a"];

    [Theory]
    [InlineData("docs/SECURITY.md")]
    [InlineData("docs/asvs.md")]
    [InlineData("docs/ARCHITECTURE.md")]
    public void Every_test_that_is_named_exists(string document)
    {
        var classes = RepositoryFiles.Matching("tests", "*Tests.cs").Select(Path.GetFileNameWithoutExtension).ToHashSet();
        var named = TestClass().Matches(Read(document)).Select(match => match.Groups[1].Value).Distinct().ToArray();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(name, classes));
    }

    /// <summary>Levels 1 and 2 of ASVS 5.0.0 have 253 requirements in 17 chapters.</summary>
    [Fact]
    public void Every_requirement_of_the_standard_is_judged_once_and_with_a_reason()
    {
        string[][] rows =
        [
            .. Read("docs/asvs.md").Split('\n').Where(line => Row().IsMatch(line))
                .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)),
        ];
        var requirements = rows.SelectMany(row => row[0].Split(", ")).ToArray();

        Assert.Equal(253, requirements.Length);
        Assert.Equal(253, requirements.Distinct().Count());
        Assert.Equal(17, requirements.Select(one => one.Split('.')[0]).Distinct().Count());
        Assert.All(rows, row =>
        {
            Assert.Contains(row[2], Verdicts);
            Assert.NotEmpty(row[3]);
        });
    }

    private static string Read(string document) => File.ReadAllText(Path.Combine(RepositoryFiles.Root, document));

    [GeneratedRegex("`([A-Z][A-Za-z]+Tests)`")]
    private static partial Regex TestClass();

    [GeneratedRegex("^\\| [0-9]+\\.[0-9]+\\.[0-9]+")]
    private static partial Regex Row();
}
