"""Setup objects by table: which business object adds, changes and deletes a master record."""

from __future__ import annotations

# Table -> business object and root element. Roots beyond the six documented ones (customer,
# supplier, stock code, stock warehouse, price, custom form) follow their pattern: unverified.
MASTERS: dict[str, tuple[str, str]] = {
    "ArCustomer": ("ARSSCS", "SetupArCustomer"),
    "ArMultAddress": ("ARSSMA", "SetupArMultAddress"),
    "ApSupplier": ("APSSSP", "SetupApSupplier"),
    "InvMaster": ("INVSST", "SetupInvMaster"),
    "InvWarehouse": ("INVSWS", "SetupInvWarehouse"),
    "InvPrice": ("INVSPR", "SetupInvPrice"),
    "TblArTerms": ("ARSSIT", "SetupArInvoiceTerms"),
    "TblApTerms": ("APSSIT", "SetupApInvoiceTerms"),
    "AdmTax": ("IMPSTX", "SetupTaxCode"),
    "TblCurrency": ("IMPSCU", "SetupCurrency"),
    "SalSalesperson": ("ARSSSP", "SetupArSalesperson"),
    "SalBranch": ("ARSSMB", "SetupArBranch"),
    "SalProductClassDes": ("ARSSMP", "SetupProductClass"),
    "InvWhControl": ("INVSWH", "SetupInvWarehouseControl"),
    "ApBank": ("CSHSMB", "SetupCshBank"),
    "GenMaster": ("GENSCO", "SetupGlMaster"),
}
# Tables whose columns are written by the parent's own object.
SAME_OBJECT = {"ApSupplier": "ApSupplierAddr"}
