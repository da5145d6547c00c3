using Xunit.Abstractions;
using Xunit.Sdk;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// The place of a test among those that go on with one story. Each brings about what it builds on; in their order nothing
/// has to happen twice.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChapterAttribute(int number) : Attribute
{
    public int Number { get; } = number;
}

/// <summary>Tests in the order of their chapters.</summary>
public sealed class ChapterOrder : ITestCaseOrderer
{
    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase => testCases.OrderBy(one => one.TestMethod.Method
            .GetCustomAttributes(typeof(ChapterAttribute)).Single()
            .GetNamedArgument<int>(nameof(ChapterAttribute.Number)));
}
