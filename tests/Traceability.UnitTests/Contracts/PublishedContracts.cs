using System.Reflection;
using Google.Protobuf.Reflection;
using Traceability.Contracts.Common.V1;

namespace Traceability.UnitTests.Contracts;

/// <summary>Every proto file of ours that was compiled in: found, not listed, so none can be forgotten.</summary>
internal static class PublishedContracts
{
    public static FileDescriptor[] Files { get; } =
    [
        .. typeof(ErrorReason).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("Reflection", StringComparison.Ordinal))
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<FileDescriptor>()
            .Where(file => file.Package.StartsWith("traceability.", StringComparison.Ordinal))
            .OrderBy(file => file.Name, StringComparer.Ordinal),
    ];
}
