using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Traceability.Identity.Storage;

namespace Traceability.Identity.Keys;

/// <summary>
/// The keys of ASP.NET Core's data protection (cookies, anti-forgery), shared by all replicas: in a table, encrypted
/// with the broker's secret. The framework rotates them.
/// </summary>
internal sealed class ProtectionKeys(IdentitySource identity, SecretSeal seal)
    : IXmlRepository, IConfigureOptions<KeyManagementOptions>
{
    private const string Table = $"{IdentityDatabase.Schema}.protection_keys";

    public void Configure(KeyManagementOptions options)
    {
        options.XmlRepository = this;
        options.XmlEncryptor = new SealedXml(seal);
    }

    /// <summary>The framework asks for keys where nothing can be awaited.</summary>
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var command = identity.Source.CreateCommand($"select element from {Table}");
        using var reader = command.ExecuteReader();
        List<XElement> elements = [];
        while (reader.Read())
        {
            elements.Add(XElement.Parse(reader.GetString(0)));
        }

        return elements;
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var command = identity.Source.CreateCommand(
            $"insert into {Table} (name, element) values ($1, $2)");
        command.Parameters.Add(new() { Value = friendlyName });
        command.Parameters.Add(new() { Value = element.ToString(SaveOptions.DisableFormatting) });
        command.ExecuteNonQuery();
    }
}

/// <summary>Encrypts what is secret in a key with the broker's secret.</summary>
internal sealed class SealedXml(SecretSeal seal) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var content = System.Text.Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        return new(new XElement("sealed", Convert.ToBase64String(seal.Close(content))), typeof(OpenedXml));
    }
}

/// <summary>The way back; made by the framework, by its name.</summary>
internal sealed class OpenedXml(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement)
    {
        var content = services.GetRequiredService<SecretSeal>().Open(Convert.FromBase64String(encryptedElement.Value));
        return XElement.Parse(System.Text.Encoding.UTF8.GetString(content));
    }
}
