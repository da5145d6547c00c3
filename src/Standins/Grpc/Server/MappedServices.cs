using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>The services of this server, for reflection.</summary>
internal sealed class MappedServices
{
    private readonly List<ServiceDescriptor> _services = [];

    public IReadOnlyList<ServiceDescriptor> All => _services;

    public static ServiceDescriptor? DescriptorOf(BindServiceMethodAttribute binding) =>
        (ServiceDescriptor?)binding.BindType
            .GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null);

    public void Add(BindServiceMethodAttribute binding)
    {
        if (DescriptorOf(binding) is { } descriptor)
        {
            _services.Add(descriptor);
        }
    }
}
