using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Grpc.AspNetCore.Server.Reflection
{
    /// <summary>The files behind the services of this server, and what is declared in them.</summary>
    internal sealed class SymbolTable(MappedServices services)
    {
        public IEnumerable<string> Services => services.All.Select(service => service.FullName);

        private IEnumerable<FileDescriptor> Files =>
            services.All.SelectMany(service => WithImports(service.File)).Distinct();

        public IReadOnlyList<ByteString>? File(string name) => Serialized(Files.FirstOrDefault(f => f.Name == name));

        public IReadOnlyList<ByteString>? FileOf(string symbol) =>
            Serialized(Files.FirstOrDefault(file => Symbols(file).Contains(symbol)));

        private static List<ByteString>? Serialized(FileDescriptor? file) =>
            file is null ? null : [.. WithImports(file).Distinct().Select(one => one.SerializedData)];

        private static IEnumerable<FileDescriptor> WithImports(FileDescriptor file) =>
            [file, .. file.Dependencies.SelectMany(WithImports)];

        private static IEnumerable<string> Symbols(FileDescriptor file) =>
        [
            .. file.Services.SelectMany(s => s.Methods.Select(m => m.FullName).Prepend(s.FullName)),
            .. file.MessageTypes.SelectMany(Symbols),
            .. file.EnumTypes.Select(e => e.FullName),
        ];

        private static IEnumerable<string> Symbols(MessageDescriptor message) =>
        [
            message.FullName,
            .. message.NestedTypes.SelectMany(Symbols),
            .. message.EnumTypes.Select(e => e.FullName),
        ];
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    using Grpc.AspNetCore.Server.Reflection;

    /// <summary>Registers reflection.</summary>
    public static class GrpcReflectionServiceExtensions
    {
        public static IServiceCollection AddGrpcReflection(this IServiceCollection services) =>
            services.AddSingleton<SymbolTable>();
    }
}

namespace Microsoft.AspNetCore.Builder
{
    using Grpc.AspNetCore.Server.Reflection;
    using Microsoft.AspNetCore.Routing;

    /// <summary>Maps reflection, under both names that tools ask for.</summary>
    public static class GrpcReflectionEndpointRouteBuilderExtensions
    {
        public static GrpcServiceEndpointConventionBuilder MapGrpcReflectionService(this IEndpointRouteBuilder builder)
        {
            var alpha = builder.MapGrpcService<ReflectionServerV1Alpha>();
            var stable = builder.MapGrpcService<ReflectionServerV1>();
            return new GrpcServiceEndpointConventionBuilder([alpha, stable]);
        }
    }
}
